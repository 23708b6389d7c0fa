import { expect, test } from "bun:test";
import { endCommand } from "./end-command.ts";

/** A command that ends by one of these signals, and records what it got. */
function command(endsBy: readonly string[], reachable = true) {
  const got: string[] = [];
  const end = Promise.withResolvers<{ status: number }>();
  return {
    got,
    outcome: () => end.promise,
    kill: async (name: string) => {
      got.push(name);
      if (endsBy.includes(name)) end.resolve({ status: 130 });
      return reachable;
    },
  };
}

const times = { grace: 20, last: 20 };

test.each<[endsBy: readonly string[], reachable: boolean, got: readonly string[], ended: boolean]>([
  [["INT"], true, ["INT"], true],
  [["KILL"], true, ["INT", "KILL"], true],
  [[], true, ["INT", "KILL"], false],
  [[], false, ["INT"], false],
])("ends by %j, reachable %p", async (endsBy, reachable, got, ended) => {
  const running = command(endsBy, reachable);
  expect(await endCommand(running, "INT", times)).toBe(ended);
  expect(running.got).toEqual([...got]);
});

test("an engine that cannot be asked is an error", async () => {
  const gone = new Error("gone");
  const running = { kill: async () => true, outcome: () => Promise.reject(gone) };
  expect(endCommand(running, "INT", times)).rejects.toBe(gone);
});

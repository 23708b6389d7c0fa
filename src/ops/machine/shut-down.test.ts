import { expect, test } from "bun:test";
import { addAbortSignal, PassThrough, Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { explainFailure } from "#engine/connection/failure.ts";
import type { Call, Reply } from "#engine/connection/transport.ts";
import { hasCode } from "#errors.ts";
import { shutDown } from "./shut-down.ts";

const endpoint = { kind: "unix", path: "/nowhere", source: "test" } as const;
const answer = (status: number, body: unknown): Reply => ({
  kind: "answer",
  status,
  headers: {},
  body: Readable.from([Buffer.from(JSON.stringify(body))]),
});

/** What is never answered: it ends by the caller's signal alone. */
function silence({ signal }: Call): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(explainFailure(signal?.reason, endpoint, signal));
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A command's connection, on which nothing is ever said. */
function mute({ signal }: Call): Reply {
  const duplex = new PassThrough();
  return { kind: "hijacked", duplex: signal ? addAbortSignal(signal, duplex) : duplex };
}

type Answers = Readonly<Record<string, (call: Call) => Reply | Promise<Reply>>>;

/**
 * A machine with two commands from outside, and what its engine was asked to do. Each call is known by how
 * its path ends.
 */
function engineOf(
  answers: Answers,
  onCall: (what: string) => void = () => {},
): { readonly engine: Engine; readonly asked: string[] } {
  const asked: string[] = [];
  const all: Answers = {
    "web/json": () => answer(200, { State: { Running: true }, ExecIDs: ["first", "second"] }),
    "first/json": () => answer(200, { Running: true, Pid: 12 }),
    "second/json": () => answer(200, { Running: true, Pid: 13 }),
    "web/top": () =>
      answer(200, { Titles: [], Processes: ["12", "13"].map((pid) => [pid, "00007ffdd4530510", "Ss"]) }),
    "web/exec": () => answer(201, { Id: "hangup" }),
    "hangup/start": mute,
    "hangup/json": () => answer(200, { Running: true, ExitCode: null, Pid: 14 }),
    "web/stop": () => answer(204, ""),
    ...answers,
  };
  const engine: Engine = {
    endpoint,
    apiVersion: "1.41",
    request: async (call) => {
      if (call.signal?.aborted) return silence(call);
      const what = call.path.split("/").slice(-2).join("/");
      if (call.method === "POST") asked.push(what);
      onCall(what);
      return await (all[what] ?? (() => answer(404, { message: `no ${what}` })))(call);
    },
  };
  return { engine, asked };
}

const never = new AbortController().signal;
const ended = (): Reply => {
  const duplex = new PassThrough();
  duplex.end();
  return { kind: "hijacked", duplex };
};

test.each<[what: string, answers: Answers]>([
  ["whose shell does not end", {}],
  ["whose shell closes its output and does not end", { "hangup/start": ended }],
  ["that starts no shell", { "hangup/start": silence }],
  ["in which no command is made", { "web/exec": silence }],
  ["whose processes are not listed", { "web/top": silence }],
  ["whose commands are not told of", { "first/json": silence }],
  ["that takes no command", { "web/exec": () => answer(409, { message: "is paused" }) }],
  ["that says what is no command's output", { "hangup/start": () => answer(200, "no connection") }],
])("a machine %s is stopped all the same", async (_, answers) => {
  const { engine, asked } = engineOf(answers);
  expect(await shutDown(engine, "web", { signal: never, timeout: -1 }, 50)).toBe(true);
  expect(asked.filter((what) => what === "web/stop")).toHaveLength(1);
  expect(asked.at(-1)).toBe("web/stop");
});

test("an interruption meanwhile is one, and stops nothing", async () => {
  const interruption = new AbortController();
  const { engine, asked } = engineOf({}, (what) => {
    if (what === "hangup/start") setTimeout(() => interruption.abort(), 5);
  });
  const error = await shutDown(engine, "web", { signal: interruption.signal }).catch(
    (thrown: unknown) => thrown,
  );
  expect(hasCode(error, "interrupted")).toBe(true);
  expect(asked).not.toContain("web/stop");
});

test("one that is to be killed at once is asked nothing", async () => {
  const { engine, asked } = engineOf({});
  await shutDown(engine, "web", { signal: never, timeout: 0 });
  expect(asked).toEqual(["web/stop"]);
});

test("commands that hang up are waited for", async () => {
  let isGone = false;
  const { engine, asked } = engineOf({
    "hangup/start": ended,
    "hangup/json": () => {
      isGone = true;
      return answer(200, { Running: false, ExitCode: 0, Pid: 14 });
    },
    "web/stop": () => answer(isGone ? 204 : 500, { message: "too early" }),
  });
  expect(await shutDown(engine, "web", { signal: never }, 5000)).toBe(true);
  expect(asked).toEqual(["web/exec", "web/exec", "hangup/start", "hangup/start", "web/stop"]);
});

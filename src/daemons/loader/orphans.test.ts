import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { Engine } from "../../engine/engine.ts";
import { label } from "../../plan/labels.ts";
import { findOrphans, holderState } from "./orphans.ts";

type State = "created" | "running" | "restarting" | "exited";
interface Containers {
  readonly loader?: State;
  readonly machine?: State;
  readonly guard?: State;
}

function engineOf({ loader, machine, guard }: Containers): Engine {
  const containers = [
    { Id: "1", Names: ["/box"], State: loader, Labels: {} },
    { Id: "2", Names: ["/box.app"], State: machine, Labels: { [label.loader]: "1" } },
    { Id: "3", Names: ["/box.guard"], State: guard, Labels: { [label.guard]: "1" } },
  ].filter(({ State }) => State !== undefined);
  return {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    request: async () => ({ kind: "answer", status: 200, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(containers))]) }),
  };
}

const scenes: readonly (readonly [Containers, boolean, string])[] = [
  [{ loader: "running" }, false, "alive"],
  // A guard that its loader is about to start.
  [{ loader: "running", guard: "created" }, false, "alive"],
  [{ loader: "running", machine: "running", guard: "running" }, false, "alive"],
  [{ loader: "exited", machine: "running", guard: "running" }, false, "leaving"],
  [{ loader: "exited", machine: "running", guard: "restarting" }, false, "leaving"],
  [{ machine: "running" }, true, "leaving"],
  [{ machine: "exited", guard: "exited" }, true, "gone"],
  // A loader that was killed before it could start its guard.
  [{ loader: "exited", guard: "created" }, true, "gone"],
  [{ guard: "created" }, true, "gone"],
];

test.each(scenes)("%j: whether an orphan (%p), and what a lease's holder is: %s", async (containers, isOrphan, state) => {
  const { signal } = new AbortController();
  const orphan = { loader: "1", machine: "box.app", guard: "box.guard" };
  expect([...new Set((await findOrphans(engineOf(containers), signal)).map((found) => JSON.stringify(found)))]).toEqual(
    isOrphan ? [JSON.stringify(orphan)] : [],
  );
  expect(await holderState(engineOf(containers), "box.app", signal)).toBe(state as "gone");
});

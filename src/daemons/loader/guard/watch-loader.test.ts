import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import { watchLoader } from "./watch-loader.ts";

const watched = { loader: "loader-id", machine: "box.app", guard: "box.guard" };
const created = 1_000;
const future = Date.now() / 1000 + 3600;
const event = (
  time: number,
  Action: string,
  ID: string,
  attributes: Readonly<Record<string, string>> = {},
) => ({
  time,
  Action,
  Actor: { ID, Attributes: attributes },
});
const asked = (time: number) => event(time, "kill", "loader-id", { signal: "15" });
const died = (time: number) => event(time, "die", "loader-id");
const removed = (time: number, loader = "loader-id") =>
  event(time, "destroy", "machine-id", { [label.loader]: loader });
type Event = ReturnType<typeof event>;

interface Scene {
  /** What the engine remembers when the guard begins to watch. */
  readonly past?: readonly Event[];
  readonly loaderRuns?: boolean;
  /** Seconds; when the guard was created. */
  readonly guardCreated?: number;
  /** At each look: whether the machine is there. */
  readonly machine?: readonly boolean[];
  /**
   * What each watch hears after the engine has answered it: the last goes on for ever, those before end, as
   * when an engine stops.
   */
  readonly live?: readonly (readonly Event[])[];
}

/** An engine that hears a watcher a moment after it has answered him, unless he asks for what was before. */
function engineOf({
  past = [],
  loaderRuns = true,
  guardCreated = created,
  machine = [],
  live = [[]],
}: Scene): Engine {
  let looks = 0;
  let watches = 0;
  const container = (name: string) => {
    if (name === "box.guard") return { Created: new Date(guardCreated * 1000).toISOString() };
    if (name === "loader-id") return { State: { Running: loaderRuns } };
    looks += 1;
    return machine[looks - 1] ? { Config: { Labels: { [label.loader]: "loader-id" } } } : undefined;
  };
  const line = (value: object) => Buffer.from(`${JSON.stringify(value)}\n`);
  async function* events(query: Readonly<Record<string, string | readonly string[]>>) {
    const since = query.since === undefined ? Number.POSITIVE_INFINITY : Number(query.since);
    for (const one of past) if (one.time >= since) yield line(one);
    if (query.until !== undefined) return;
    watches += 1;
    for (const one of live[watches - 1] ?? []) yield line(one);
    if (watches >= live.length) await new Promise(() => undefined);
  }
  return {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    request: async ({ path, query }) => {
      const answer = (status: number, body: Readable) =>
        ({ kind: "answer", status, headers: {}, body }) as const;
      // Asked for what ends before it begins it refuses (moby, daemon/events.go).
      if (path.endsWith("/events") && Number(query?.until) < Number(query?.since))
        throw new BerthError("engine-refused", "since after until");
      if (path.endsWith("/events")) return answer(200, Readable.from(events(query)));
      const found = container(path.split("/").at(-2) ?? "");
      return answer(
        found === undefined ? 404 : 200,
        Readable.from([Buffer.from(JSON.stringify(found ?? { message: "none" }))]),
      );
    },
  };
}

const scenes: readonly (readonly [string, Scene, string])[] = [
  ["dies", { live: [[died(1_001)]] }, "died"],
  ["is asked, and ends", { live: [[asked(1_001), died(1_002)]] }, "asked"],
  ["removes its machine", { machine: [true], live: [[removed(1_001)]] }, "done"],
  [
    "is asked between the guard's creation and its watch",
    { past: [asked(1_001)], live: [[died(1_002)]] },
    "asked",
  ],
  [
    "is asked twice, to a guard that hears it twice",
    { past: [asked(1_001)], live: [[asked(1_001), died(1_002)]] },
    "asked",
  ],
  ["has removed its machine while its guard was started again", { past: [removed(1_001)] }, "done"],
  ["has removed its machine while the engine was away", { machine: [true, false], live: [[], []] }, "done"],
  [
    "has no machine yet while the engine is away",
    { machine: [false, false], live: [[], [died(1_001)]] },
    "died",
  ],
  [
    "runs while an earlier machine of that name is removed",
    { past: [removed(1_001, "other")], live: [[died(1_002)]] },
    "died",
  ],
  ["was asked in an earlier life", { past: [asked(999)], live: [[died(1_002)]] }, "died"],
  [
    "was asked and ended while its guard was started again",
    { past: [asked(1_001), died(1_002)], loaderRuns: false },
    "asked",
  ],
  ["died before the guard looked, and the engine knows no more of it", { loaderRuns: false }, "died"],
  [
    "died, and the clock was set back since its guard was created",
    { loaderRuns: false, guardCreated: future },
    "died",
  ],
  [
    "is asked, and ends, with a clock that was set back since its guard was created",
    { guardCreated: future, past: [asked(future + 1)], live: [[died(1_001)]] },
    "asked",
  ],
];

test.each(scenes)("a loader that %s", async (_, scene, end) => {
  expect(await watchLoader(engineOf(scene), watched, new AbortController().signal)).toBe(end as "done");
});

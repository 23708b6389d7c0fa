import { describe, expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import type { GuardTask } from "./guard.ts";
import {
  failGuardStep,
  type GuardFacts,
  type GuardStep,
  initialGuardFacts,
  planGuardStep,
} from "./guard-step.ts";

const task: GuardTask = {
  loader: "1",
  machine: "box.app",
  guard: "box.guard",
  engine: "E",
  folder: "/srv/box",
  command: ["/sbin/init"],
  publish: [{ hostPort: 80, port: 80, count: 1, protocol: "tcp" }],
  targets: { ipv4: "172.18.0.3" },
  stopTimeout: 90,
};
const { folder: _, ...unbound } = task;
const ofImage: GuardTask = { ...unbound, publish: [] };

/** What comes of steps that succeed. */
const effects: Partial<Record<GuardStep["do"], Partial<GuardFacts>>> = {
  "take-folder": { folder: "held" },
  "open-ports": { ports: "open" },
  "report-ready": { isReady: true },
  refuse: { refusal: "reported" },
  "kill-machine": { refusal: "enforced" },
  "remove-machine": { machine: "removed" },
  "remove-late-machine": { machine: "removed-late" },
  "close-ports": { ports: "closed" },
  "sweep-rules": { areRulesSwept: true },
  "remove-cgroup-parent": { cgroupParent: "removed" },
  "release-folder": { folder: "released" },
  "remove-guard": { guard: "removed" },
};

/** What is seen while a guard waits, or what a step throws, once. */
type Event = Partial<GuardFacts> | { readonly step: GuardStep["do"]; readonly throws: unknown };

const show = (step: GuardStep) => {
  if (step.do === "remove-machine") return `${step.do} in ${step.stopTimeout} s`;
  if (step.do === "refuse") return `${step.do}: ${(step.fault as Error).message}`;
  return "milliseconds" in step ? `${step.do} ${step.milliseconds} ms` : step.do;
};

/** All steps until the guard exits, or nothing more happens to it. */
function life(of: GuardTask, events: readonly Event[]): readonly string[] {
  let facts = initialGuardFacts(of);
  const left = [...events];
  const steps: string[] = [];
  const throwing = (step: GuardStep) => {
    const [next] = left;
    if (next === undefined || !("throws" in next) || next.step !== step.do) return undefined;
    left.shift();
    return next;
  };
  for (;;) {
    const step = planGuardStep(of, facts);
    if (step.do === "exit") return [...steps, "exit"];
    if (step.do === "wait" && step.milliseconds === undefined) {
      const next = left.shift();
      if (next === undefined) return [...steps, "wait"];
      if ("throws" in next) throw new Error(`${next.step} was not planned: ${steps.join(", ")}`);
      facts = { ...facts, ...next };
      continue;
    }
    steps.push(show(step));
    if (step.do === "wait") facts = { ...facts, engine: "reachable" };
    else {
      const thrown = throwing(step);
      const change = thrown === undefined ? effects[step.do] : failGuardStep(step, facts, thrown.throws);
      if (change === undefined) return [...steps, "throw"];
      facts = { ...facts, ...change };
    }
  }
}

const swept: Event = { ports: "closed" };
const alone: Event = { orphans: "removed" };
const ready = ["take-folder", "open-ports", "report-ready"];
const end = ["remove-cgroup-parent", "release-folder", "remove-guard", "exit"];
const ended = (stopTimeout: number) => [
  "close-ports",
  "sweep-rules",
  `remove-machine in ${stopTimeout} s`,
  ...(stopTimeout > 0 ? ["remove-late-machine 3000 ms"] : []),
  ...end,
];
const away = new BerthError("engine-lost", "away");
const taken = new BerthError("conflict", "in use on this host: tcp 80");

const lives: readonly (readonly [string, readonly Event[], readonly string[]])[] = [
  ["whose loader runs watches", [swept, alone], [...ready, "wait"]],
  [
    "whose loader was killed gives the machine its time",
    [swept, alone, { loader: "died" }],
    [...ready, ...ended(90)],
  ],
  ["whose loader was asked gives it no more", [swept, alone, { loader: "asked" }], [...ready, ...ended(0)]],
  [
    "whose loader has removed the machine tidies up",
    [swept, alone, { loader: "done" }],
    [...ready, ...ended(0)],
  ],
  [
    "that was killed goes on where its loader ended meanwhile",
    [alone, { loader: "died" }],
    // The folder was taken while the rules of its earlier life were swept.
    ["take-folder", "sweep-rules", "remove-machine in 90 s", "remove-late-machine 3000 ms", ...end],
  ],
  [
    "whose ports another has refuses, and frees the folder for the next",
    [swept, { step: "open-ports", throws: taken }, alone, { loader: "asked" }],
    [
      "take-folder",
      "open-ports",
      "refuse: in use on this host: tcp 80",
      "kill-machine",
      "release-folder",
      "sweep-rules",
      "remove-machine in 0 s",
      "remove-cgroup-parent",
      "remove-guard",
      "exit",
    ],
  ],
  [
    "that lost its lease kills the machine and holds what it has until the loader ends",
    [swept, alone, { folder: "lease-lost" }, { loader: "died" }],
    [
      ...ready,
      "refuse: lost the lease of /srv/box for box.app: another process removed or replaced it",
      "kill-machine",
      "close-ports",
      "sweep-rules",
      "remove-machine in 0 s",
      "remove-late-machine 3000 ms",
      ...end,
    ],
  ],
  [
    "whose folder was replaced does so",
    [swept, alone, { folder: "replaced" }],
    [
      ...ready,
      "refuse: another folder has replaced /srv/box, from which box.app runs",
      "kill-machine",
      "wait",
    ],
  ],
  [
    "whose ports were closed from outside does so",
    [swept, alone, { ports: "lost", failure: new Error("nft has ended") }],
    [...ready, "refuse: nft has ended", "kill-machine", "wait"],
  ],
  [
    "whose loader ends while the folder is waited for gives up without a word",
    [{ loader: "asked" } as Event, alone],
    ["take-folder", "sweep-rules", "remove-machine in 0 s", ...end],
  ],
  [
    "whose engine is away when the machine is to go asks again until it is back",
    [
      swept,
      alone,
      { loader: "died" },
      { step: "remove-machine", throws: away },
      { step: "remove-machine", throws: away },
      { step: "remove-guard", throws: away },
    ],
    [
      ...ready,
      "close-ports",
      "sweep-rules",
      ...["remove-machine in 90 s", "wait 500 ms", "remove-machine in 90 s", "wait 500 ms"],
      "remove-machine in 90 s",
      "remove-late-machine 3000 ms",
      "remove-cgroup-parent",
      "release-folder",
      ...["remove-guard", "wait 500 ms", "remove-guard", "exit"],
    ],
  ],
  [
    "whose engine refuses the removal ends, with the lease, to be started again",
    [
      swept,
      { loader: "asked" },
      { step: "remove-machine", throws: new BerthError("engine-refused", "device busy") },
    ],
    [...ready, "close-ports", "sweep-rules", "remove-machine in 0 s", "throw"],
  ],
  [
    "whose loader is gone stays until what others left is",
    [swept, { loader: "done" }],
    [...ready, ...ended(0).slice(0, -2), "wait"],
  ],
];

describe("a guard", () => {
  test.each(lives)("%s", (_, events, steps) => expect(life(task, events)).toEqual([...steps]));

  test("of an image without ports has nothing to take, nor to give back", () => {
    expect(life(ofImage, [alone, { loader: "died" }])).toEqual([
      "report-ready",
      "remove-machine in 90 s",
      "remove-late-machine 3000 ms",
      "remove-cgroup-parent",
      "remove-guard",
      "exit",
    ]);
  });
});

test("a step that the loader's end has broken off is no failure", () => {
  const step = { do: "take-folder" } as const;
  const facts = initialGuardFacts(task);
  expect(failGuardStep(step, facts, taken)).toEqual({ failure: taken });
  expect(failGuardStep(step, { ...facts, loader: "died" }, new Error("aborted"))).toEqual({});
});

test.each(["running", "died", "asked", "done"] as const)(
  "nothing is done to an engine that is away, loader %s",
  (loader) => {
    const facts: GuardFacts = { ...initialGuardFacts(task), loader, engine: "away" };
    expect(planGuardStep(task, facts)).toEqual({ do: "wait", milliseconds: 500 });
  },
);

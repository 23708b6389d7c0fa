import { expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import {
  failLoaderStep,
  initialLoaderFacts,
  type LoaderFacts,
  type LoaderOutcome,
  type LoaderStep,
  planLoaderStep,
} from "./run-step.ts";

/** What comes of steps that succeed. */
const effects: Partial<Record<LoaderStep["do"], Partial<LoaderFacts>>> = {
  "start-guard": { guard: "started" },
  "create-machine": { machine: "created" },
  "start-machine": { machine: "running" },
  "stop-machine": { machine: "stopping" },
  "remove-machine": { removed: "machine" },
  "await-guard": { removed: "guard" },
};

/** What is seen while a loader waits, or what happens as a step is taken, once: what it throws, or is seen. */
type Event =
  | Partial<LoaderFacts>
  | { readonly during: LoaderStep["do"]; readonly throws?: unknown; readonly seen?: Partial<LoaderFacts> };

const showOutcome = (outcome: LoaderOutcome) =>
  "status" in outcome ? `status ${outcome.status}` : (outcome.failure as Error).message;
const show = (step: LoaderStep) => {
  if (step.do === "exit" || step.do === "conclude") return `${step.do}: ${showOutcome(step.outcome)}`;
  return step.do === "wait" && step.milliseconds !== undefined ? `wait ${step.milliseconds} ms` : step.do;
};

/** All steps until the loader exits, or nothing more happens to it. */
function life(events: readonly Event[]): readonly string[] {
  let facts = initialLoaderFacts("box.app");
  const left = [...events];
  const steps: string[] = [];
  const take = (step: LoaderStep): Partial<LoaderFacts> | undefined => {
    const [next] = left;
    if (next === undefined || !("during" in next) || next.during !== step.do) return effects[step.do];
    left.shift();
    facts = { ...facts, ...next.seen };
    return next.throws === undefined ? effects[step.do] : failLoaderStep(facts, next.throws);
  };
  for (;;) {
    const step = planLoaderStep(facts);
    if (step.do === "wait" && step.milliseconds === undefined) {
      const next = left.shift();
      if (next === undefined) return [...steps, "wait"];
      if ("during" in next) throw new Error(`${next.during} was not planned: ${steps.join(", ")}`);
      facts = { ...facts, ...next };
      continue;
    }
    steps.push(show(step));
    if (step.do === "exit") return steps;
    if (step.do === "wait") facts = { ...facts, engine: "reachable" };
    else if (step.do === "conclude") facts = { ...facts, outcome: step.outcome };
    else {
      const change = take(step);
      if (change === undefined) return [...steps, "throw"];
      facts = { ...facts, ...change };
    }
  }
}

const held: Event = { guard: "folder" };
const open: Event = { guard: "ready" };
const quiet: Event = { console: "ended" };
const exited = (status: number): Event => ({ machine: "exited", status });
const asked: Event = { stopReason: new Error("asked to end") };
const away = new BerthError("engine-lost", "away");
const conflict = new BerthError("conflict", "there is a container box.guard already");

const created = ["start-guard", "create-machine"];
const running = [...created, "start-machine"];
const ended = (outcome: string) => [
  `conclude: ${outcome}`,
  "remove-machine",
  "await-guard",
  `exit: ${outcome}`,
];
const guardLost = "the guard of box.app disappeared or stopped";

const lives: readonly (readonly [string, readonly Event[], readonly string[]])[] = [
  ["waits for its guard to have the folder", [], ["start-guard", "wait"]],
  ["creates the machine meanwhile, and waits for the ports", [held], [...created, "wait"]],
  ["starts it once all is ready, and follows it", [held, open], [...running, "wait"]],
  [
    "ends with its machine's status, when the console has been told to its end",
    [held, open, exited(7), quiet],
    [...running, ...ended("status 7")],
  ],
  ["waits for the console of a machine that has ended", [held, open, exited(0)], [...running, "wait"]],
  [
    "asked to end stops the machine, once, for as long as it takes",
    [held, open, asked, asked],
    [...running, "stop-machine", "wait"],
  ],
  [
    "asked to end gives its machine's status then",
    [held, open, asked, quiet, exited(0)],
    [...running, "stop-machine", ...ended("status 0")],
  ],
  [
    "asked to end as it starts the guard waits for no folder",
    [{ during: "start-guard", seen: asked as Partial<LoaderFacts> }],
    ["start-guard", "conclude: asked to end", "exit: asked to end"],
  ],
  [
    "asked to end while the folder is another's leaves",
    [asked],
    ["start-guard", "conclude: asked to end", "exit: asked to end"],
  ],
  [
    "asked to end while the engine creates the machine waits for that, and removes it",
    [held, { during: "create-machine", seen: asked as Partial<LoaderFacts> }],
    [...created, ...ended("asked to end")],
  ],
  [
    "asked to end while the ports are opened removes the machine",
    [held, asked],
    [...created, ...ended("asked to end")],
  ],
  [
    "asked to end while the engine starts the machine stops it in order",
    [held, open, { during: "start-machine", seen: asked as Partial<LoaderFacts> }],
    [...running, "stop-machine", "wait"],
  ],
  [
    "whose name another loader's guard has touches nothing of that one's",
    [{ during: "start-guard", throws: conflict }],
    ["start-guard", `conclude: ${conflict.message}`, `exit: ${conflict.message}`],
  ],
  [
    "whose guard refuses the folder has made nothing",
    [{ failure: new Error("in use") }],
    ["start-guard", "conclude: in use", "exit: in use"],
  ],
  [
    "whose guard refuses the ports removes the machine, and awaits the guard",
    [held, { failure: new Error("tcp 25 is in use") }],
    [...created, ...ended("tcp 25 is in use")],
  ],
  [
    "whose machine cannot be made leaves its guard to end with it",
    [held, { during: "create-machine", throws: new Error("no init") }],
    [...created, "conclude: no init", "remove-machine", "exit: no init"],
  ],
  [
    "whose engine is away as the machine starts gives up, and removes it when that is back",
    [
      held,
      open,
      { during: "start-machine", throws: away },
      { during: "remove-machine", throws: away },
      { during: "await-guard", throws: away },
    ],
    [
      ...running,
      "conclude: away",
      ...["remove-machine", "wait 500 ms", "remove-machine"],
      ...["await-guard", "wait 500 ms", "await-guard"],
      "exit: away",
    ],
  ],
  [
    "whose guard was removed kills the machine and fails",
    [held, open, { guard: "lost" }],
    [...running, ...ended(guardLost)],
  ],
  [
    "whose guard ends after the machine has that one's status",
    [held, open, exited(137), { guard: "lost" }, quiet],
    [...running, ...ended("status 137")],
  ],
  [
    "whose machine another has removed fails with what the engine says",
    [held, open, { failure: new BerthError("not-found", "No such container: box.app") }],
    [...running, ...ended("No such container: box.app")],
  ],
  [
    "whose console could not be read says so at the machine's end",
    [held, open, { console: "ended", consoleFailure: new Error("no log") }, exited(0)],
    [...running, ...ended("no log")],
  ],
  [
    "whose engine refuses the removal fails with that, and leaves it to the guard",
    [
      held,
      open,
      exited(0),
      quiet,
      { during: "remove-machine", throws: new BerthError("engine-refused", "device busy") },
    ],
    [...running, "conclude: status 0", "remove-machine", "throw"],
  ],
];

test.each(lives)("a loader %s", (_, events, steps) => expect(life(events)).toEqual([...steps]));

test("what happens during the removal changes the outcome no more", () => {
  const outcome = { status: 0 };
  const facts: LoaderFacts = {
    ...initialLoaderFacts("box.app"),
    machine: "exited",
    guard: "lost",
    failure: new Error("late"),
    outcome,
    removed: "guard",
  };
  expect(planLoaderStep(facts)).toEqual({ do: "exit", outcome });
});

import { listContainers } from "#engine/containers.ts";
import { type ResolveOptions, resolveImages } from "#image/build/resolve.ts";
import type { ResolvedImage } from "#image/store/store.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { ensureNetwork } from "#ops/engine/ensure-network.ts";
import { poll } from "#ops/task/poll.ts";
import type { Task } from "#ops/task/task.ts";
import { type MachineStep, type Observed, planUp } from "#plan/machine/up.ts";
import type { CreateStep } from "./create-machine.ts";
import { observe } from "./observe.ts";
import { type PreparedMachine, prepareNew, takeOver } from "./prepare-machine.ts";
import { type BindOptions, warnOfBinds } from "./warn-of-binds.ts";

export interface PrepareOptions extends BindOptions {
  /** Which machines, all of the fleet's if empty. Includes their dependencies. */
  readonly names: readonly string[];
  readonly images: ResolveOptions;
}

/** What one call of `up` has learned and made so far; kept when it plans again. */
interface Work {
  readonly images: Map<string, ResolvedImage>;
  /** By name. */
  readonly prepared: Map<string, PreparedMachine>;
}

/**
 * Milliseconds for a name that is taken to be seen, or to be free again: an engine may copy files into
 * volumes before it shows a container.
 */
const takenMs = 60_000;
/** Milliseconds until the next try if no container shows up. */
const unseenMs = 1000;

/**
 * Everything up to the starts, under a lock: two `up`s at once must neither create the same machine nor
 * assign the same address. Plans again from a fresh observation if a request of a killed berth interferes.
 */
export async function prepareMachines(
  task: Task,
  fleet: Fleet,
  options: PrepareOptions,
): Promise<readonly PreparedMachine[]> {
  const work: Work = { images: new Map(), prepared: new Map() };
  for (const end = performance.now() + takenMs; ; ) {
    const machines = await prepareOnce(task, fleet, work, options);
    if (machines === undefined) continue;
    const taken = machines.flatMap((machine) =>
      "failed" in machine && machine.isTaken ? [machine.step.machine.name] : [],
    );
    if (taken.length === 0 || performance.now() >= end) return machines;
    await poll(unseenMs, () => findNamed(task, taken), task.signal);
  }
}

/**
 * The containers of these names, once an engine shows one: it keeps a name a while before that, when it makes
 * one.
 */
async function findNamed({ engine, signal }: Task, names: readonly string[]) {
  const containers = await listContainers(engine, {
    all: true,
    filters: { name: names.map((name) => `^/${name}$`) },
    signal,
  });
  return containers.length === 0 ? undefined : containers;
}

/** Undefined if a network with another subnet has appeared, to which the addresses do not belong. */
async function prepareOnce(
  task: Task,
  fleet: Fleet,
  work: Work,
  options: PrepareOptions,
): Promise<readonly PreparedMachine[] | undefined> {
  const { engine, signal } = task;
  const observed = await observe(engine, fleet, signal);
  const steps = planUp(fleet, options.names, observed);
  await warnOfBinds(task, steps, observed, options);
  const creates = steps.filter((step) => step.do === "create").filter((step) => !hasFailed(work, step));
  announce(task, creates, observed);
  await resolveMissing(task, creates, work, options.images);
  for (const step of steps) {
    if (step.do === "create-network" && !(await ensureNetwork(engine, fleet.project, step.network, signal)))
      return undefined;
  }
  const inDomain = { ...fleet, network: { ...fleet.network, domain: observed.domain } };
  const prepareStep = async (step: MachineStep): Promise<PreparedMachine> => {
    const before = work.prepared.get(step.machine.name);
    if (before !== undefined && isStill(before, step)) return before;
    if (step.do !== "create") return await takeOver(task, step, observed);
    const created = await prepareNew(task, inDomain, step, work.images.get(step.machine.image));
    if (!("failed" in created && created.isTaken)) work.prepared.set(step.machine.name, created);
    return created;
  };
  return await Promise.all(
    steps.flatMap((step) => (step.do === "create-network" ? [] : [prepareStep(step)])),
  );
}

function hasFailed({ prepared }: Work, { machine }: MachineStep): boolean {
  const before = prepared.get(machine.name);
  return before !== undefined && "failed" in before;
}

/** Whether what came of a machine before is what the plan finds now. */
function isStill(before: PreparedMachine, step: MachineStep): boolean {
  return "failed" in before || (step.do !== "create" && step.id === before.made.id);
}

function announce({ onState, onWarning }: Task, creates: readonly CreateStep[], { renamed }: Observed): void {
  for (const { machine } of creates) {
    onState(machine.name, "preparing");
    for (const { name } of renamed.filter((container) => container.machine === machine.name)) {
      onWarning(
        `${machine.name}: creating it again, since docker renamed the previous one to ${name}; ` +
          "that one stays",
      );
    }
  }
}

/** Adds the images of these that are not known yet. */
async function resolveMissing(
  { engine, signal, onState }: Task,
  creates: readonly CreateStep[],
  { images }: Work,
  options: ResolveOptions,
): Promise<void> {
  const missing = creates.map((step) => step.machine.image).filter((reference) => !images.has(reference));
  const onProgress = (reference: string, text: string) => {
    for (const { machine } of creates)
      if (machine.image === reference) onState(machine.name, "preparing", text);
  };
  const resolved = await resolveImages(engine, missing, { ...options, signal, onProgress });
  for (const [reference, image] of resolved) images.set(reference, image);
}

import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { inspectContainer, listContainers, waitContainer } from "#engine/containers.ts";
import { hasCode } from "#errors.ts";
import { label } from "#labels/machine.ts";
import { createLimit } from "#ops/task/limit.ts";
import { poll } from "#ops/task/poll.ts";
import { progressOf } from "#plan/machine/progress.ts";
import { ownContainers } from "./own-containers.ts";

export interface ContainersAfterPending {
  readonly containers: readonly ContainerSummary[];
  /** Ids of machines whose create or removal the engine has not finished in time. */
  readonly pending: ReadonlySet<string>;
}

/** Milliseconds to wait for a pending create or removal: a create may copy files into volumes. */
const pendingTimeout = 60_000;
/** Milliseconds for an inspect, which engines answer at once unless they are starting the container. */
const answerTimeout = 5000;
const concurrency = 16;

/**
 * Lists all containers. First waits until the engine has finished the machines that it still creates or
 * removes, perhaps for a berth that was killed.
 */
export async function listAfterPending(
  engine: Engine,
  signal: AbortSignal,
  limitMs = pendingTimeout,
): Promise<ContainersAfterPending> {
  const end = performance.now() + limitMs;
  const through = new Set<string>();
  let seen: ContainersAfterPending = { containers: [], pending: new Set() };
  const look = async () => {
    seen = await list(engine, { through, end }, signal);
    return seen.pending.size === 0 ? seen : undefined;
  };
  return (await poll(limitMs, look, signal)) ?? seen;
}

/** `through` holds the ids of finished machines; adds those found finished now. */
async function list(
  engine: Engine,
  { through, end }: { readonly through: Set<string>; readonly end: number },
  signal: AbortSignal,
): Promise<ContainersAfterPending> {
  const containers = await listContainers(engine, { all: true, signal });
  const doubtful = containers.filter(
    ({ Id, State }) => (State === "created" || State === "removing") && !through.has(Id),
  );
  const machines = await ownContainers(engine, doubtful, label.machine, signal);
  const limit = createLimit(concurrency);
  const look = async ({ Id, State }: ContainerSummary) => {
    const progress = progressOf(State, await readState(engine, Id, signal));
    if (progress === "removing") await waitRemoved(engine, Id, signal, Math.max(0, end - performance.now()));
    if (progress === "through") through.add(Id);
  };
  await Promise.all(machines.map((machine) => limit(() => look(machine))));
  return { containers, pending: new Set(machines.map(({ Id }) => Id)) };
}

/** Whether a container does not exist any more. Waits for one that is being removed, up to the timeout. */
export async function isGone(engine: Engine, id: string, signal: AbortSignal): Promise<boolean> {
  const state = await readState(engine, id, signal);
  return state === undefined || (state === "removing" && (await waitRemoved(engine, id, signal)));
}

/**
 * The state of a container by its id; undefined when it does not exist. Engines answer no inspect while they
 * start a container, so a timeout means `running`: what is being started is complete.
 */
async function readState(engine: Engine, id: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const known = await inTime(answerTimeout, signal, (bounded) =>
      inspectContainer(engine, id, { signal: bounded }),
    );
    return known?.State.Status ?? "running";
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

/** False where it still exists after the timeout. */
async function waitRemoved(
  engine: Engine,
  id: string,
  signal: AbortSignal,
  limitMs = pendingTimeout,
): Promise<boolean> {
  const wait = (bounded: AbortSignal) => waitContainer(engine, id, { condition: "removed", signal: bounded });
  try {
    return (await inTime(limitMs, signal, wait)) !== undefined;
  } catch (error) {
    if (!hasCode(error, "not-found")) throw error;
    return true;
  }
}

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

export interface SettledContainers {
  readonly containers: readonly ContainerSummary[];
  /** Ids of the machines that the engine was not through with in all the time that it had. */
  readonly unsettled: ReadonlySet<string>;
}

/**
 * Milliseconds that an engine has for what it was asked for by one that is gone: it may copy files into
 * volumes.
 */
const settleMs = 60_000;
/** Milliseconds for what it tells at once of a container that it does not start. */
const answerMs = 5000;
const mostAtOnce = 16;

/**
 * All containers, once those machines are whole, or gone, that the engine still makes or removes for one who
 * may have been killed meanwhile.
 */
export async function listSettled(
  engine: Engine,
  signal: AbortSignal,
  limitMs = settleMs,
): Promise<SettledContainers> {
  const end = performance.now() + limitMs;
  const through = new Set<string>();
  let seen: SettledContainers = { containers: [], unsettled: new Set() };
  const look = async () => {
    seen = await list(engine, { through, end }, signal);
    return seen.unsettled.size === 0 ? seen : undefined;
  };
  return (await poll(limitMs, look, signal)) ?? seen;
}

/**
 * `through` are ids of those that the engine was through with before: only then does a list tell all of them.
 * Further ones are added.
 */
async function list(
  engine: Engine,
  { through, end }: { readonly through: Set<string>; readonly end: number },
  signal: AbortSignal,
): Promise<SettledContainers> {
  const containers = await listContainers(engine, { all: true, signal });
  const doubtful = containers.filter(
    ({ Id, State }) => (State === "created" || State === "removing") && !through.has(Id),
  );
  const machines = await ownContainers(engine, doubtful, label.machine, signal);
  const limit = createLimit(mostAtOnce);
  const look = async ({ Id, State }: ContainerSummary) => {
    const progress = progressOf(State, await readState(engine, Id, signal));
    if (progress === "removing") await waitRemoved(engine, Id, signal, Math.max(0, end - performance.now()));
    if (progress === "through") through.add(Id);
  };
  await Promise.all(machines.map((machine) => limit(() => look(machine))));
  return { containers, unsettled: new Set(machines.map(({ Id }) => Id)) };
}

/**
 * Whether a container is there no more; where it is on its way out, once it is, unless that takes too long.
 */
export async function isGone(engine: Engine, id: string, signal: AbortSignal): Promise<boolean> {
  const state = await readState(engine, id, signal);
  return state === undefined || (state === "removing" && (await waitRemoved(engine, id, signal)));
}

/**
 * The state of a container as it is known by its id; undefined when there is none of that. One that the
 * engine is starting right now it tells nothing of before that is through, be it never: then `running`, since
 * it is whole.
 */
async function readState(engine: Engine, id: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const known = await inTime(answerMs, signal, (bounded) =>
      inspectContainer(engine, id, { signal: bounded }),
    );
    return known?.State.Status ?? "running";
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

/** False where it is still there after all the time that an engine has. */
async function waitRemoved(
  engine: Engine,
  id: string,
  signal: AbortSignal,
  limitMs = settleMs,
): Promise<boolean> {
  const wait = (bounded: AbortSignal) => waitContainer(engine, id, { condition: "removed", signal: bounded });
  try {
    return (await inTime(limitMs, signal, wait)) !== undefined;
  } catch (error) {
    if (!hasCode(error, "not-found")) throw error;
    return true;
  }
}

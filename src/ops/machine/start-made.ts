import type { Engine } from "#engine/connection/engine.ts";
import { startContainer, unpauseContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { explainDiskFull } from "#image/store/disk-full.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import type { Task } from "#ops/task/task.ts";
import { removeUnstarted } from "./create-machine.ts";
import { noInit, programOf } from "./guest-probe.ts";
import { isGone } from "./pending-containers.ts";
import type { MadeMachine, PreparedMachine } from "./prepare-machine.ts";

/** How often to plan again when a machine vanishes before its start. */
const mostRenewals = 3;

/**
 * Starts the machine, unless it is to stay as it runs. If another process, perhaps killed since, has removed
 * it, plans again and starts its replacement. Resolves to the started one. Removes a machine that was just
 * made and fails to start.
 */
export async function startMade(
  task: Task,
  machine: MadeMachine,
  prepareAgain: () => Promise<PreparedMachine>,
): Promise<MadeMachine> {
  let made = machine;
  for (let renewals = 0; made.step.do !== "keep"; renewals++) {
    task.onState(made.step.machine.name, "starting");
    const gone = await start(task, made);
    if (gone === undefined) break;
    if (renewals === mostRenewals) throw gone;
    const again = await prepareAgain();
    if ("failed" in again) throw again.failed;
    made = again;
  }
  return made;
}

/** The engine's error if the machine has vanished. */
async function start(
  { engine, signal }: Task,
  { step, made: { id } }: MadeMachine,
): Promise<BerthError | undefined> {
  try {
    await (step.do === "unpause"
      ? unpauseContainer(engine, id, { signal })
      : startContainer(engine, id, { signal }));
    return undefined;
  } catch (error) {
    if (signal.aborted || hasCode(error, "engine-lost")) throw error;
    if ((hasCode(error, "not-found") || hasCode(error, "conflict")) && (await isGone(engine, id, signal)))
      return error;
    if (step.do !== "create") throw error;
    // The next `up` creates it again, after the cause is mended.
    const explained = await explainStart(engine, id, step.machine, error);
    await removeUnstarted(engine, id);
    throw explained;
  }
}

/** A machine's first files take less. */
const leastRoom = 8 * 1024 * 1024;

/** The engine reports any failed start with one status; ask the image whether the init was at fault. */
async function explainStart(
  engine: Engine,
  id: string,
  machine: MachineSpec,
  error: unknown,
): Promise<unknown> {
  const command = machine.command ?? ["/sbin/init"];
  try {
    await programOf(engine, id, command, AbortSignal.timeout(10_000));
    const known = await explainDiskFull(engine, error, leastRoom);
    if (known !== error || !(error instanceof BerthError) || error.hint !== undefined) return known;
    return new BerthError(error.code, `cannot start ${machine.name}: ${error.message}`, {
      hint: "the reason is the engine's own message; `berth doctor` checks what machines need of the engine",
      details: error.details,
      cause: error,
    });
  } catch (probe) {
    return hasCode(probe, "no-init") ? noInit(command, error) : error;
  }
}

import { inTime } from "#engine/connection/in-time.ts";
import { BerthError, hasCode } from "#errors.ts";
import type { ResolvedImage } from "#image/store/store.ts";
import type { Fleet } from "#machinefile/machine.ts";
import type { Task } from "#ops/task/task.ts";
import type { MachineStep, Observed } from "#plan/machine/up.ts";
import { type CreateStep, createMachine, finishCreate } from "./create-machine.ts";

/** A machine that exists, or the reason why it does not: `up` starts the former and reports the latter. */
export type PreparedMachine = MadeMachine | FailedMachine;

interface Planned {
  readonly step: MachineStep;
  readonly address: string | undefined;
  /** Example: "systemd 252"; undefined if its labels do not record it. */
  readonly init: string | undefined;
}

export interface MadeMachine extends Planned {
  readonly made: {
    readonly id: string;
    /** Whether this call has made it, with berth-runtime. */
    readonly byRuntime: boolean;
  };
}

export interface FailedMachine extends Planned {
  readonly failed: BerthError;
  /** Whether another container has taken the name of the machine to create. */
  readonly isTaken: boolean;
}

/** Milliseconds for the few calls that finish a killed berth's creation. */
const finishMs = 10_000;

/** An existing machine, whose creation a killed berth may have left unfinished. */
export async function takeOver(
  task: Task,
  step: Exclude<MachineStep, CreateStep>,
  { containers }: Observed,
): Promise<PreparedMachine> {
  const { state, address, init, claim, owner } = containers.find(({ id }) => id === step.id) ?? {};
  if (claim === "heir" && owner !== undefined) {
    task.onWarning(`${step.machine.name}: taking it over from ${owner.file}, which does not exist any more`);
  }
  const failed = state === "created" ? await finish(task, step.id, init) : undefined;
  return failed === undefined
    ? { step, address, init, made: { id: step.id, byRuntime: false } }
    : { step, address, init, failed, isTaken: false };
}

/** Why a machine that never started cannot start. Ignore one that has vanished: its start reports that. */
async function finish(
  { engine, signal }: Task,
  id: string,
  init: string | undefined,
): Promise<BerthError | undefined> {
  // One that is being started already the engine answers nothing of.
  try {
    await inTime(finishMs, signal, (bounded) => finishCreate(engine, id, init, bounded));
    return undefined;
  } catch (error) {
    if (!(error instanceof BerthError) || hasCode(error, "interrupted")) throw error;
    return hasCode(error, "not-found") ? undefined : error;
  }
}

/** One that is to be made. */
export async function prepareNew(
  task: Task,
  fleet: Fleet,
  step: CreateStep,
  image: ResolvedImage | undefined,
): Promise<PreparedMachine> {
  const { machine, address } = step;
  if (image === undefined) throw new BerthError("internal", `the image of ${machine.name} was not resolved`);
  task.onState(machine.name, "creating");
  const none = { step, address: undefined, init: undefined };
  try {
    const created = await createMachine(task, { fleet, step, image });
    if ("taken" in created) return { ...none, failed: created.taken, isTaken: true };
    const { init, ...made } = created;
    return { step, address, init, made };
  } catch (error) {
    if (!(error instanceof BerthError) || hasCode(error, "interrupted")) throw error;
    return { ...none, failed: error, isTaken: false };
  }
}

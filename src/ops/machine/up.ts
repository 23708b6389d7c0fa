import type { Engine } from "#engine/connection/engine.ts";
import { startContainer, unpauseContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { withLock } from "#host/process/lock.ts";
import type { ResolveOptions } from "#image/build/resolve.ts";
import { explainDiskFull } from "#image/store/disk-full.ts";
import type { Difference } from "#labels/machine.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";
import { createLimit } from "#ops/task/limit.ts";
import type { Boot } from "#plan/machine/boot-state.ts";
import { planUp, type Step } from "#plan/machine/up.ts";
import { waitBooted } from "./boot.ts";
import { type ReadInfo, removeUnstarted } from "./create-machine.ts";
import { noInit, programOf } from "./guest-probe.ts";
import { observe } from "./observe.ts";
import { type PreparedMachine, prepareMachines, warnOfBinds } from "./prepare-machines.ts";
import { readRootId } from "./root-id.ts";
import { isGone } from "./settled-containers.ts";

export type UpState =
  | "waiting"
  | "preparing"
  | "creating"
  | "starting"
  | "booting"
  | "running"
  | "degraded"
  | "failed"
  | "skipped";

export interface UpOptions {
  /** Which machines; all of the fleet's when empty. What they depend on comes too. */
  readonly names: readonly string[];
  readonly images: ResolveOptions;
  readonly signal: AbortSignal;
  /** How many boot at once; as many as suit the engine's processors by default. */
  readonly parallel?: number | undefined;
  /** Milliseconds for one machine's boot. */
  readonly timeout: number;
  /** Whether to wait until they have booted. */
  readonly wait: boolean;
  readonly lockFile: string;
  /** Told when another holds that for long. */
  readonly onWaiting: () => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** `elapsedMs` is the boot's, where the state ends one. */
  readonly onState: (name: string, state: UpState, detail?: string, elapsedMs?: number) => void;
  readonly onWarning: (text: string) => void;
  /**
   * Where the machine file is that tells of the machines, and where another would be found before it; none
   * for those of the command line.
   */
  readonly files: readonly string[];
}

export type PreviewOptions = Pick<UpOptions, "names" | "signal" | "onWarning" | "files"> & {
  readonly images: Pick<ResolveOptions, "env">;
};

export interface MachineUp {
  readonly name: string;
  /** What `up` did to it. */
  readonly action: "created" | "started" | "kept";
  readonly state: "running" | "degraded" | "started" | "failed" | "skipped";
  readonly address: string | undefined;
  readonly init: string | undefined;
  /** Milliseconds from the start to init's own word; undefined for one that ran already. */
  readonly bootMs: number | undefined;
  readonly failedUnits: Boot["failedUnits"];
  /** Where it differs from what is asked for. */
  readonly differences: readonly Difference[];
  readonly error: BerthError | undefined;
}

/** Plans without doing anything, and warns as `up` does: what `up --dry-run` shows. */
export async function previewUp(
  engine: Engine,
  fleet: Fleet,
  options: PreviewOptions,
): Promise<readonly Step[]> {
  const observed = await observe(engine, fleet, options.signal);
  const steps = planUp(fleet, options.names, observed);
  await warnOfBinds(engine, steps, observed, options);
  return steps;
}

/**
 * Makes the machines run: creates what is missing, starts what stopped, leaves what runs, in parallel and
 * each after what it depends on. A machine that fails stops only those that depend on it; its error is in its
 * result. A machine made by this call whose first start the engine refuses is removed again. Interrupted
 * anywhere, the next call goes on. Throws before anything is done for what concerns all: a wrong plan, an
 * image, the network.
 */
export async function up(engine: Engine, fleet: Fleet, given: UpOptions): Promise<readonly MachineUp[]> {
  const options = { ...given, onWarning: onceEach(given.onWarning) };
  const { signal, lockFile, onWaiting } = options;
  const prepared = await withLock(lockFile, signal, () => prepareMachines(engine, fleet, options), onWaiting);
  const limit = createLimit(
    options.parallel ?? (await defaultParallel(prepared.machines.length, prepared.info)),
  );
  // Why machines are strict where full is the default is mostly a matter of the host: one answers for all.
  const witness = prepared.machines.find(
    ({ step, byRuntime }) => byRuntime && step.machine.profile === undefined,
  );
  const results = new Map<string, Promise<MachineUp>>();
  for (const machine of prepared.machines) {
    const dependencies = machine.step.machine.dependsOn.flatMap((name) => results.get(name) ?? []);
    results.set(
      machine.step.machine.name,
      runAfter(engine, fleet, { ...machine, isWitness: machine === witness }, dependencies, limit, options),
    );
  }
  return await Promise.all(results.values());
}

/** Passes a text on the first time alone: what is planned anew is warned of again. */
function onceEach(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (!told.has(text)) tell(text);
    told.add(text);
  };
}

/** So many may boot at once anywhere; more where the engine has the processors. */
const fewAtOnce = 16;

async function defaultParallel(machines: number, info: ReadInfo): Promise<number> {
  return machines <= fewAtOnce ? fewAtOnce : Math.max(fewAtOnce, (await info()).NCPU * 4);
}

async function runAfter(
  engine: Engine,
  fleet: Fleet,
  machine: PreparedMachine,
  dependencies: readonly Promise<MachineUp>[],
  limit: ReturnType<typeof createLimit>,
  options: UpOptions,
): Promise<MachineUp> {
  const { name } = machine.step.machine;
  if (dependencies.length > 0) options.onState(name, "waiting");
  const broken = (await Promise.all(dependencies)).filter(
    ({ state }) => state === "failed" || state === "skipped",
  );
  if (broken.length > 0) {
    const list = broken.map((dependency) => dependency.name).join(", ");
    options.onState(name, "skipped", `needs ${list}`);
    return { ...outcome(machine), state: "skipped", error: undefined };
  }
  if (machine.error !== undefined) return failed(machine, machine.error, options);
  try {
    return await limit(() => run(engine, fleet, machine, options));
  } catch (error) {
    if (!(error instanceof BerthError) || hasCode(error, "interrupted") || options.signal.aborted)
      throw error;
    return failed(machine, error, options);
  }
}

async function run(
  engine: Engine,
  fleet: Fleet,
  prepared: PreparedMachine,
  options: UpOptions,
): Promise<MachineUp> {
  const began = options.now();
  const machine = await startThere(engine, fleet, prepared, options);
  const { step, id } = machine;
  const { name } = step.machine;
  if (!options.wait) {
    options.onState(name, "running", machine.address);
    return { ...outcome(machine), state: "started" };
  }
  options.onState(name, "booting", machine.address);
  const [boot, rootId] = await Promise.all([
    waitBooted(engine, id, name, { signal: options.signal, timeout: options.timeout }),
    machine.isWitness ? readRootId(engine, id, undefined, options.signal) : undefined,
  ]);
  if (rootId === 0) options.onWarning(`${name}: ${strictByDefault}`);
  const bootMs = step.do === "keep" ? undefined : options.now() - began;
  options.onState(name, boot.state, machine.address, bootMs);
  return { ...outcome(machine), ...boot, bootMs };
}

const strictByDefault =
  "strict, since this host can give no user namespace of its own: `berth doctor` says why, --profile strict accepts it";

/** How often a machine that is gone when it is to be started is planned anew. */
const mostRenewals = 3;

/**
 * Starts the machine; where somebody, who may have been killed, has had it removed by then, the one that a
 * fresh look gives in its place.
 */
async function startThere(
  engine: Engine,
  fleet: Fleet,
  prepared: PreparedMachine,
  options: UpOptions,
): Promise<PreparedMachine> {
  const { name } = prepared.step.machine;
  let machine = prepared;
  for (let renewals = 0; machine.step.do !== "keep"; renewals++) {
    options.onState(name, "starting");
    const gone = await start(engine, machine, options.signal);
    if (gone === undefined) break;
    if (renewals === mostRenewals) throw gone;
    machine = await prepareAgain(engine, fleet, machine, options);
    if (machine.error !== undefined) throw machine.error;
  }
  return machine;
}

async function prepareAgain(
  engine: Engine,
  fleet: Fleet,
  { step, isWitness }: PreparedMachine,
  options: UpOptions,
): Promise<PreparedMachine> {
  const { signal, lockFile, onWaiting } = options;
  const { name } = step.machine;
  const alone = { ...options, names: [name] };
  const { machines } = await withLock(
    lockFile,
    signal,
    () => prepareMachines(engine, fleet, alone),
    onWaiting,
  );
  const again = machines.find((machine) => machine.step.machine.name === name);
  if (again === undefined) throw new BerthError("internal", `${name} was not planned again`);
  return { ...again, ...(isWitness && { isWitness }) };
}

/** What the engine said, where the machine is gone. */
async function start(
  engine: Engine,
  { step, id }: PreparedMachine,
  signal: AbortSignal,
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
    // The next `up` makes it anew after whatever was mended.
    const explained = await explainStart(engine, id, step.machine, error);
    await removeUnstarted(engine, id);
    throw explained;
  }
}

/** A machine's first files take less. */
const leastRoom = 8 * 1024 * 1024;

/**
 * The engine reports whatever went wrong in a start as one status; the image tells whether it was the init.
 */
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
    return new BerthError(error.code, `${machine.name} could not be started: ${error.message}`, {
      hint: "the sentence is the engine's own; `berth doctor` checks what machines need of it",
      details: error.details,
      cause: error,
    });
  } catch (probe) {
    return hasCode(probe, "no-init") ? noInit(command, error) : error;
  }
}

function outcome(machine: PreparedMachine): MachineUp {
  const { step } = machine;
  return {
    name: step.machine.name,
    action: step.do === "create" ? "created" : step.do === "keep" ? "kept" : "started",
    state: "failed",
    address: machine.address,
    init: machine.init,
    bootMs: undefined,
    failedUnits: [],
    differences: step.do === "create" ? [] : step.differences,
    error: undefined,
  };
}

function failed(machine: PreparedMachine, error: BerthError, options: UpOptions): MachineUp {
  options.onState(machine.step.machine.name, "failed", error.message.split("\n")[0] ?? "");
  return { ...outcome(machine), error };
}

import { BerthError } from "#errors.ts";
import { withLock } from "#host/process/lock.ts";
import { type PreviewedBuild, previewBuilds } from "#image/build/resolve.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { defaultConcurrency } from "#ops/task/concurrency.ts";
import { firstLine, isOwnFailure } from "#ops/task/each-machine.ts";
import { runJobs } from "#ops/task/run-jobs.ts";
import type { Task } from "#ops/task/task.ts";
import type { Ordered } from "#plan/machine/order.ts";
import { planUp, type Step } from "#plan/machine/up.ts";
import { waitBooted } from "./boot.ts";
import { type MachineUp, machineUp } from "./machine-up.ts";
import { observe } from "./observe.ts";
import type { MadeMachine, PreparedMachine } from "./prepare-machine.ts";
import { type PrepareOptions, prepareMachines } from "./prepare-machines.ts";
import { readRootId } from "./root-id.ts";
import { startMade } from "./start-made.ts";
import { type BindOptions, warnOfBinds } from "./warn-of-binds.ts";

export interface UpOptions extends PrepareOptions {
  /** How many boot at once; as many as suit the engine's processors by default. */
  readonly concurrency?: number | undefined;
  /** Milliseconds for one machine's boot. */
  readonly timeout: number;
  /** Whether to wait until they have booted. */
  readonly wait: boolean;
  readonly lockFile: string;
  /** Called when another process holds the lock for long. */
  readonly onWaiting: () => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** What `up --dry-run` shows: the steps of `planUp` after the images that are to be built for them. */
export type PreviewStep = Step | ({ readonly do: "build-image" } & PreviewedBuild);

/** Plans without doing anything, and warns as `up` does. */
export async function previewUp(
  task: Task,
  fleet: Fleet,
  options: BindOptions & Pick<UpOptions, "names" | "images">,
): Promise<readonly PreviewStep[]> {
  const { engine, signal } = task;
  const observed = await observe(engine, fleet, signal);
  const steps = planUp(fleet, options.names, observed);
  await warnOfBinds(task, steps, observed, options);
  const images = steps.flatMap((step) => (step.do === "create" ? [step.machine.image] : []));
  const builds = await previewBuilds(engine, images, { ...options.images, signal });
  return [...builds.map((build) => ({ do: "build-image", ...build }) as const), ...steps];
}

/**
 * Makes the machines run, in parallel and after their dependencies: creates missing ones, starts stopped
 * ones, leaves running ones. A failing machine stops only its dependents; its error is in its result. Removes
 * a machine made by this call if the engine refuses its first start. Call it again to continue after an
 * interruption. Throws before any change for what concerns all: an invalid plan, an image, the network.
 */
export async function up(task: Task, fleet: Fleet, options: UpOptions): Promise<readonly MachineUp[]> {
  const { signal, onState } = task;
  const prepare = (names: readonly string[]) => {
    const work = () => prepareMachines(task, fleet, { ...options, names });
    return withLock(options.lockFile, signal, work, options.onWaiting);
  };
  const machines = await prepare(options.names);
  const concurrency = options.concurrency ?? (await defaultConcurrency(task, machines.length));
  const jobs = inOrder(machines);
  for (const { name, after } of jobs) if (after.length > 0) onState(name, "waiting");
  const first = machines.find(tellsOfHost);
  return await runJobs(jobs, { concurrency, signal }, async ({ name, machine }, dependencies) => {
    const broken = dependencies.filter(({ state }) => state === "failed" || state === "skipped");
    if (broken.length > 0) {
      onState(name, "skipped", `needs ${broken.map((dependency) => dependency.name).join(", ")}`);
      return machineUp(machine, { state: "skipped" });
    }
    const failed = (error: BerthError) => {
      onState(name, "failed", firstLine(error));
      return machineUp(machine, { state: "failed", error });
    };
    if ("failed" in machine) return failed(machine.failed);
    try {
      const prepareAgain = async () => named(name, await prepare([name]));
      return await run(task, machine, { ...options, prepareAgain, warnsOfStrict: machine === first });
    } catch (error) {
      if (isOwnFailure(error, signal)) return failed(error);
      throw error;
    }
  });
}

/** The machines as jobs in the plan's order, dependencies first. */
function inOrder(machines: readonly PreparedMachine[]): readonly Ordered<PreparedMachine>[] {
  const names = new Set(machines.map(({ step }) => step.machine.name));
  return machines.map((machine) => {
    const { name, dependsOn } = machine.step.machine;
    return { name, machine, after: dependsOn.filter((dependency) => names.has(dependency)) };
  });
}

function named(name: string, machines: readonly PreparedMachine[]): PreparedMachine {
  const found = machines.find(({ step }) => step.machine.name === name);
  if (found === undefined) throw new BerthError("internal", `${name} was not planned again`);
  return found;
}

/** Why machines fall back to strict mostly depends on the host, so ask one machine for all. */
function tellsOfHost(machine: PreparedMachine): boolean {
  return "made" in machine && machine.made.byRuntime && machine.step.machine.profile === undefined;
}

interface RunOptions extends Pick<UpOptions, "wait" | "timeout" | "now"> {
  readonly prepareAgain: () => Promise<PreparedMachine>;
  /** Whether to warn for all when this machine is strict by default. */
  readonly warnsOfStrict: boolean;
}

async function run(task: Task, prepared: MadeMachine, options: RunOptions): Promise<MachineUp> {
  const { engine, signal, onState } = task;
  const began = options.now();
  const machine = await startMade(task, prepared, options.prepareAgain);
  const { step, address, made } = machine;
  const { name } = step.machine;
  if (!options.wait) {
    onState(name, "running", address);
    return machineUp(machine, { state: "started" });
  }
  onState(name, "booting", address);
  const [boot, rootId] = await Promise.all([
    waitBooted(engine, made.id, name, { signal, timeout: options.timeout }),
    options.warnsOfStrict ? readRootId(engine, made.id, undefined, signal) : undefined,
  ]);
  if (rootId === 0) task.onWarning(`${name}: ${strictByDefault}`);
  const bootMs = step.do === "keep" ? undefined : options.now() - began;
  onState(name, boot.state, address, bootMs);
  return machineUp(machine, { ...boot, bootMs });
}

const strictByDefault =
  'using profile "strict": this host cannot give it a user namespace of its own ' +
  "(see `berth doctor`; --profile strict accepts it)";

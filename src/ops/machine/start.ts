import type { Engine } from "#engine/connection/engine.ts";
import { startContainer, unpauseContainer } from "#engine/containers.ts";
import { readInfo } from "#engine/system.ts";
import type { BerthError } from "#errors.ts";
import { label, parseSpecLabel } from "#labels/machine.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import { bindsOf } from "#plan/machine/binds.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { planWaves } from "#plan/machine/waves.ts";
import { bindWarnings } from "./bind-warnings.ts";
import { waitBooted } from "./boot.ts";
import { dependenciesOf } from "./down.ts";

export type StartState = "starting" | "booting" | "running" | "degraded" | "started" | "unchanged" | "failed";

export interface StartOptions {
  readonly signal: AbortSignal;
  /** Milliseconds for one machine's boot. */
  readonly timeout: number;
  /** Whether to wait until they have booted. */
  readonly wait: boolean;
  /** How many boot at once; as many as suit the engine's processors by default. */
  readonly parallel?: number | undefined;
  /** Users of the host who may decide what machines are given of it. */
  readonly trusted: ReadonlySet<number>;
  readonly onState: (name: string, state: StartState, detail?: string) => void;
  readonly onWarning: (text: string) => void;
}

/**
 * Starts machines that stopped and continues paused ones, those that others of them depend on first; one that
 * runs stays as it is. With `wait` a machine is through when its init says that it has booted, and the next
 * wave starts then.
 */
export async function startMachines(
  engine: Engine,
  machines: readonly Machine[],
  options: StartOptions,
): Promise<readonly MachineOutcome[]> {
  const { signal, onState, onWarning } = options;
  const binds = machines.flatMap(({ labels }) => bindsOf(parseSpecLabel(labels[label.spec])));
  for (const warning of await bindWarnings(engine, binds, options)) onWarning(warning);
  const parallel = options.parallel ?? Math.max(4, (await readInfo(engine, { signal })).NCPU * 4);
  const onFailed = (name: string, error: BerthError) => onState(name, "failed", error.message.split("\n")[0]);
  return await eachMachine(startWaves(machines), { parallel, signal, onFailed }, (machine) =>
    start(engine, machine, options),
  );
}

function startWaves(machines: readonly Machine[]): readonly (readonly Machine[])[] {
  return planWaves(
    machines.map((machine) => ({ ...machine, dependsOn: dependenciesOf(machine) })),
  ).toReversed();
}

async function start(
  engine: Engine,
  { id, name, state, address }: Machine,
  options: StartOptions,
): Promise<Reached> {
  const { signal, onState } = options;
  onState(name, "starting");
  const changed =
    state === "paused" ? await unpause(engine, id, signal) : await startContainer(engine, id, { signal });
  if (!options.wait) {
    onState(name, changed ? "started" : "unchanged", address);
    return { changed, state: "started" };
  }
  onState(name, "booting", address);
  const boot = await waitBooted(engine, id, name, { signal, timeout: options.timeout });
  onState(
    name,
    boot.state === "running" && !changed ? "unchanged" : boot.state,
    changed ? address : "runs already",
  );
  return { changed, ...boot };
}

async function unpause(engine: Engine, id: string, signal: AbortSignal): Promise<true> {
  await unpauseContainer(engine, id, { signal });
  return true;
}

import type { Engine } from "#engine/connection/engine.ts";
import { waitContainer } from "#engine/containers.ts";
import { BerthError } from "#errors.ts";
import { eachMachine, type MachineOutcome, type Reached } from "#ops/task/each-machine.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { waitBooted } from "./boot.ts";

export type WaitState = "waiting" | "running" | "degraded" | "stopped" | "failed";

export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly until: "running" | "stopped";
  /** Milliseconds; without it there is no limit for `stopped`, and two minutes for `running`. */
  readonly timeout?: number | undefined;
  readonly onState: (name: string, state: WaitState, detail?: string) => void;
}

export interface Waited extends MachineOutcome {
  /** The exit status of a machine that stopped. */
  readonly status: number | undefined;
}

const bootTimeout = 120_000;

/**
 * Waits for all machines at once: until they have booted, or until they have stopped. One that does not run
 * cannot boot: `boot-failed`.
 */
export async function waitMachines(
  engine: Engine,
  machines: readonly Machine[],
  options: WaitOptions,
): Promise<readonly Waited[]> {
  const { signal, onState } = options;
  const statuses = new Map<string, number>();
  const onFailed = (name: string, error: BerthError) => onState(name, "failed", error.message.split("\n")[0]);
  const outcomes = await eachMachine(
    [machines],
    { parallel: Math.max(1, machines.length), signal, onFailed },
    async (machine) => {
      onState(machine.name, "waiting");
      if (options.until === "running") return await waitRunning(engine, machine, options);
      const status = await waitStopped(engine, machine, options);
      statuses.set(machine.name, status);
      onState(machine.name, "stopped", `status ${status}`);
      return { changed: false, state: "stopped" };
    },
  );
  return outcomes.map((outcome) => ({ ...outcome, status: statuses.get(outcome.name) }));
}

async function waitRunning(engine: Engine, machine: Machine, options: WaitOptions): Promise<Reached> {
  const { id, name, state, address } = machine;
  if (state !== "running" && state !== "restarting") {
    throw new BerthError("boot-failed", `${name} does not run: it is ${state}`, {
      hint: `berth start ${name}`,
      details: { state },
    });
  }
  const boot = await waitBooted(engine, id, name, {
    signal: options.signal,
    timeout: options.timeout ?? bootTimeout,
  });
  options.onState(name, boot.state, address);
  return { changed: false, ...boot };
}

async function waitStopped(
  engine: Engine,
  { id, name }: Machine,
  { signal, timeout }: WaitOptions,
): Promise<number> {
  const deadline = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  try {
    return (
      await waitContainer(engine, id, {
        signal: deadline === undefined ? signal : AbortSignal.any([signal, deadline]),
      })
    ).StatusCode;
  } catch (error) {
    if (deadline?.aborted !== true || signal.aborted) throw error;
    throw new BerthError(
      "boot-timeout",
      `${name} has not stopped after ${Math.round((timeout ?? 0) / 1000)} s`,
      {
        hint: `see what it still does: berth exec ${name} systemctl list-jobs`,
      },
    );
  }
}

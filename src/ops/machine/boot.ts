import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { inspectContainer } from "#engine/containers.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { BerthError } from "#errors.ts";
import type { Boot } from "#plan/machine/boot-state.ts";
import { bootFailed } from "./boot-failure.ts";
import { readInitKind } from "./init-kind.ts";
import { waitForBus } from "./wait-bus.ts";
import { waitForSystemd } from "./wait-systemd.ts";

export interface BootOptions {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Waits until a started machine has booted. Throws `boot-failed` with the console's last lines when it ended
 * instead, `boot-timeout` with the jobs that still run.
 */
export async function waitBooted(
  engine: Engine,
  id: string,
  name: string,
  options: BootOptions,
): Promise<Boot> {
  const deadline = AbortSignal.timeout(options.timeout);
  const signal = AbortSignal.any([options.signal, deadline]);
  try {
    const container = await inspectContainer(engine, id, { signal });
    if (!container.State.Running) throw await bootFailed(engine, id, name, container.State.ExitCode, signal);
    const kind = await readInitKind(engine, container, signal);
    // The other inits say nothing of how far they are.
    if (kind !== "systemd") return { state: "running", failedUnits: [] };
    await waitForBus(engine, id, name, signal);
    return await waitForSystemd(engine, id, name, signal);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new BerthError(
      "boot-timeout",
      `${name} did not finish booting within ${Math.round(options.timeout / 1000)} s`,
      {
        hint: `see what it waits for: berth exec ${name} systemctl list-jobs`,
        details: { jobs: await listJobs(engine, id, options.signal) },
      },
    );
  }
}

/** None of a machine that does not answer either. */
async function listJobs(engine: Engine, id: string, signal: AbortSignal): Promise<readonly string[]> {
  const cmd = ["systemctl", "list-jobs", "--no-legend", "--no-pager"];
  const listed = await inTime(5000, signal, (bounded) => execCapture(engine, id, { cmd, signal: bounded }));
  return listed?.stdout.split("\n").filter((line) => line.trim() !== "") ?? [];
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, topContainer } from "#engine/containers.ts";
import { hasCode } from "#errors.ts";
import type { StartedProcess } from "#host/process/process-stat.ts";
import { cgroupColumns, isInScope } from "#linux/ps.ts";
import { bootFailed } from "./boot-failure.ts";
import { findLocalInit, readSystemdProgress } from "./local-init.ts";

/** Milliseconds between two questions to the engine. */
const pollMs = 25;
/** The same for reads of /proc, which are cheap. */
const localPollMs = 10;

/** A future systemd may have its bus elsewhere: after this time in its scope, ask systemctl anyway. */
const busLimitMs = 2000;

/**
 * Waits until systemd has left the root of the machine's cgroup. A command run before would sit in that root,
 * where cgroup v2 then allows no controllers, so look from outside. Where /proc shows the machine, also waits
 * for systemd's bus: asking earlier fails and costs the boot the start of a process.
 */
export async function waitForBus(
  engine: Engine,
  id: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { State } = await inspectContainer(engine, id, { signal });
    if (!State.Running || State.Restarting) throw await bootFailed(engine, id, name, State.ExitCode, signal);
    const init =
      engine.endpoint.kind === "unix" ? findLocalInit(engine.endpoint.path, State.Pid, id) : undefined;
    if (init === undefined ? await hasLeftRoot(engine, id, signal) : await waitForLocalBus(init, signal))
      return;
    await sleep(pollMs, undefined, { signal });
  }
}

/** False when PID 1 has ended. */
async function waitForLocalBus(init: StartedProcess, signal: AbortSignal): Promise<boolean> {
  for (let inScope = 0; ; inScope += localPollMs) {
    const progress = readSystemdProgress(init);
    if (progress === undefined) return false;
    if (progress === "on-bus" || inScope >= busLimitMs) return true;
    if (progress === "early") inScope = 0;
    await sleep(localPollMs, undefined, { signal });
  }
}

/**
 * Asks the engine's ps(1). Also false for a machine that has ended or restarted meanwhile: the next look
 * tells.
 */
async function hasLeftRoot(engine: Engine, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { Processes } = await topContainer(engine, id, { psArgs: cgroupColumns, signal });
    return isInScope(Processes ?? []);
  } catch (error) {
    if (hasCode(error, "conflict")) return false;
    throw error;
  }
}

import { inspectContainer, stopContainer } from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import { signalExec } from "../engine/signal-exec.ts";
import { BerthError, hasCode } from "../errors.ts";

export interface ShutDownOptions {
  readonly signal: AbortSignal;
  /** Seconds to shut down before the machine is killed, -1 for ever; its own by default. */
  readonly timeout?: number | undefined;
}

/**
 * Shuts a machine down and waits until it has stopped. Whether this changed anything: false when it was stopped already.
 * Shells and commands opened from outside are hung up first: they are no children of init, so systemd-shutdown would
 * wait out its own ten seconds for word of their end.
 */
export async function shutDown(engine: Engine, id: string, { signal, timeout }: ShutDownOptions): Promise<boolean> {
  const { ExecIDs, State } = await inspectContainer(engine, id, { signal });
  if (State.Running) await Promise.all((ExecIDs ?? []).map((exec) => hangUp(engine, id, exec, signal)));
  return await stopContainer(engine, id, { signal, ...(timeout !== undefined && { timeout }) });
}

async function hangUp(engine: Engine, id: string, exec: string, signal: AbortSignal): Promise<void> {
  try {
    await signalExec(engine, id, exec, "HUP", { signal });
  } catch (error) {
    // It ended by itself, or the machine has no shell to find it by: then the stop takes longer, as docker's does.
    if (!(error instanceof BerthError) || hasCode(error, "interrupted") || hasCode(error, "engine-lost")) throw error;
  }
}

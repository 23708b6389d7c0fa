import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, stopContainer } from "#engine/containers.ts";
import { signalExec } from "#engine/signal-exec.ts";
import { BerthError } from "#errors.ts";

export interface ShutDownOptions {
  readonly signal: AbortSignal;
  /**
   * Seconds to shut down before the machine is killed, 0 to kill it at once, -1 without limit; its own by
   * default.
   */
  readonly timeout?: number | undefined;
}

/**
 * Milliseconds that hanging up may take, all together. It is the machine's own shell that does it, so how
 * long it takes is the machine's to say.
 */
const hangUpLimit = 3000;

/**
 * Shuts a machine down and waits until it has stopped. False if it was stopped already. First hangs up shells
 * and commands opened from outside: they are not children of init, so systemd-shutdown would wait ten seconds
 * for them. Stops the machine even if that fails.
 */
export async function shutDown(
  engine: Engine,
  id: string,
  { signal, timeout }: ShutDownOptions,
  limitMs = hangUpLimit,
): Promise<boolean> {
  const { ExecIDs, State } = await inspectContainer(engine, id, { signal });
  if (State.Running && timeout !== 0) {
    const limit = AbortSignal.timeout(limitMs);
    await Promise.all((ExecIDs ?? []).map((exec) => hangUp(engine, id, exec, { signal, limit })));
  }
  return await stopContainer(engine, id, { signal, ...(timeout !== undefined && { timeout }) });
}

interface HangUpOptions {
  readonly signal: AbortSignal;
  readonly limit: AbortSignal;
}

async function hangUp(
  engine: Engine,
  id: string,
  exec: string,
  { signal, limit }: HangUpOptions,
): Promise<void> {
  try {
    await signalExec(engine, id, exec, "HUP", { signal: AbortSignal.any([signal, limit]) });
  } catch (error) {
    // It has ended by itself, or the machine has no shell, or a shell does not end: then the stop takes
    // longer, like docker's. A missing engine shows up at the stop.
    if (signal.aborted || !(error instanceof BerthError)) throw error;
  }
}

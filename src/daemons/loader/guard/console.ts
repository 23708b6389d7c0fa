import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { readLogs } from "#engine/logs.ts";
import { hasCode } from "#errors.ts";
import { throughAbsence } from "./engine-away.ts";

/**
 * Resolves when the reader has taken it: a console that nobody reads fast enough must not fill the loader's
 * memory.
 */
export type WriteConsole = (data: Uint8Array) => Promise<void>;

/**
 * Copies a machine's console until the machine ends; goes on where it was when the engine was away meanwhile.
 */
export async function followConsole(
  engine: Engine,
  id: string,
  write: WriteConsole,
  signal: AbortSignal,
): Promise<void> {
  let since: number | undefined;
  for (;;) {
    const ended = await throughAbsence(async () => {
      try {
        for await (const { data } of await readLogs(engine, id, {
          follow: true,
          tty: true,
          ...(since && { since }),
          signal,
        })) {
          since = Date.now() / 1000;
          await write(data);
        }
        return !(await inspectContainer(engine, id, { signal })).State.Running;
      } catch (error) {
        if (hasCode(error, "not-found")) return true;
        throw error;
      }
    }, signal);
    if (ended) return;
  }
}

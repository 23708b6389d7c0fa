import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import { findContainer } from "#daemons/loader/find-container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { readLogs } from "#engine/logs.ts";
import { hasCode } from "#errors.ts";

/** Resolves when the reader has taken the chunk: a slow reader must not fill the loader's memory. */
export type WriteConsole = (data: Uint8Array) => Promise<void>;

/** Copies a machine's console until the machine ends. Resumes where it was after the engine's absence. */
export async function followConsole(
  engine: Engine,
  id: string,
  write: WriteConsole,
  signal: AbortSignal,
): Promise<void> {
  let since: number | undefined;
  const follow = async () => {
    const log = await readLogs(engine, id, { follow: true, tty: true, ...(since && { since }), signal });
    for await (const { data } of log) {
      since = Date.now() / 1000;
      await write(data);
    }
    return (await findContainer(engine, id, signal))?.State.Running !== true;
  };
  for (;;) {
    try {
      if (await retryWhileAway(follow, signal)) return;
    } catch (error) {
      if (hasCode(error, "not-found")) return;
      throw error;
    }
  }
}

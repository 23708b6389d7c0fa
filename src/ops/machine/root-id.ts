import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, topContainer } from "#engine/containers.ts";
import { hasCode } from "#errors.ts";
import { uidColumns, uidOf } from "#linux/ps.ts";

/**
 * The host's uid of a running machine's root, which differs from 0 in a user namespace. Asks the ps(1) of the
 * engine's host, which the machine cannot influence. `pid` is its init's, looked up if omitted. Undefined if
 * the machine has just ended, or the engine has no ps.
 */
export async function readRootId(
  engine: Engine,
  id: string,
  pid: number | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const init = pid ?? (await inspectContainer(engine, id, { signal })).State.Pid;
    const { Titles, Processes } = await topContainer(engine, id, { psArgs: uidColumns, signal });
    return uidOf(Titles, Processes ?? [], init);
  } catch (error) {
    if (
      signal.aborted ||
      !(hasCode(error, "conflict") || hasCode(error, "engine-api") || hasCode(error, "not-found"))
    )
      throw error;
    return undefined;
  }
}

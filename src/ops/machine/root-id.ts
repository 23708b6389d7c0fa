import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer, topContainer } from "#engine/containers.ts";
import { hasCode } from "#errors.ts";
import { uidColumns, uidOf } from "#linux/ps.ts";

/**
 * The host's number of a running machine's user 0, which is not 0 in a user namespace of its own: as the
 * ps(1) of the engine's host tells, which no one in the machine can bend. `pid` is its init's, which is asked
 * for when it is not given. Undefined when the machine has just ended, or the engine has no ps.
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

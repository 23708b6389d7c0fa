import { statPath } from "#engine/archive.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { programPlaces } from "#plan/machine/program-places.ts";

/** POSIX, XCU 2.8.2. */
const notFound = 127;
const cannotExecute = 126;

/** A command and where it was to be run; `env` is laid over the machine's own. */
interface RefusedCommand {
  readonly cmd: readonly string[];
  readonly env?: readonly string[];
  readonly workdir?: string | undefined;
}

/**
 * The status of a command that the engine could not run, as sh(1) and docker's client have it: 127 where its
 * program does not exist, else 126. Some engines answer 126 for both, see
 * https://github.com/moby/moby/issues/45795, so look at the machine's files; where they cannot be seen, trust
 * the engine's `status`.
 */
export async function refusedStatus(
  engine: Engine,
  id: string,
  command: RefusedCommand,
  { status, signal }: { readonly status: number; readonly signal: AbortSignal },
): Promise<number> {
  try {
    return (await hasProgram(engine, id, command, signal)) ? cannotExecute : notFound;
  } catch (error) {
    if (!(error instanceof BerthError) || signal.aborted) throw error;
    return status;
  }
}

async function hasProgram(
  engine: Engine,
  id: string,
  { cmd: [program = ""], env = [], workdir }: RefusedCommand,
  signal: AbortSignal,
): Promise<boolean> {
  const { Config } = await inspectContainer(engine, id, { signal });
  const directory = workdir || Config.WorkingDir || "/";
  for (const place of programPlaces(program, directory, [...(Config.Env ?? []), ...env]))
    if (await isFile(engine, id, place, signal)) return true;
  return false;
}

async function isFile(engine: Engine, id: string, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { linkTarget } = await statPath(engine, id, path, { signal });
    // A link may lead to nothing.
    if (linkTarget !== "") await statPath(engine, id, linkTarget, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, "not-found")) return false;
    throw error;
  }
}

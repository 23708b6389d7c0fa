import { initKindOf } from "#contract/init.ts";
import { getArchive } from "#engine/archive.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { BerthError } from "#errors.ts";
import { readTar } from "#image/tarball/read-tar.ts";
import { TarError } from "#image/tarball/tar-error.ts";
import { systemdVersionIn } from "#linux/systemd-program.ts";
import { programOf } from "./guest-probe.ts";
import { type InitKey, readCachedInit, writeCachedInit } from "./init-cache.ts";
import { withProbe } from "./probe-container.ts";

/** Milliseconds for an engine that is busy. */
const longestRead = 3000;

/** Bytes of a program's file: those of systemd have up to 2 MB. */
const longestProgram = 4 * 1024 ** 2;

/**
 * The init that an image has, such as "systemd 252", read from its own files: a machine's root may have put
 * anything into the machine's. Kept in the cache, since neither image nor command ever changes. Undefined if
 * no init is known, and if the engine cannot tell or does not in time. Throws only by the caller's abort.
 */
export async function readInit(
  engine: Engine,
  key: InitKey,
  cache: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const cached = await readCachedInit(cache, key);
  if (cached !== undefined) return cached;
  const init = await askForInit(engine, key, signal);
  if (init !== undefined) await writeCachedInit(cache, key, init);
  return init;
}

async function askForInit(engine: Engine, key: InitKey, signal: AbortSignal): Promise<string | undefined> {
  const { image, command } = key;
  if (command[0]?.startsWith("/") !== true) return undefined;
  try {
    return await withProbe(engine, image, command, signal, (probe) =>
      inTime(longestRead, signal, (bounded) => lookForInit(engine, probe, command, bounded)),
    );
  } catch (error) {
    // One image that is gone, damaged or without its program keeps nobody from the other machines.
    if (!signal.aborted && (error instanceof BerthError || error instanceof TarError)) return undefined;
    throw error;
  }
}

async function lookForInit(
  engine: Engine,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const program = await programOf(engine, container, command, signal);
  const kind = initKindOf(command, { program, has: () => true });
  if (kind !== "systemd") return kind;
  const version = systemdVersionIn(await readProgram(engine, container, program, signal));
  return version === undefined ? kind : `${kind} ${version}`;
}

/** As text of single bytes; empty for what is not a file. */
async function readProgram(
  engine: Engine,
  container: string,
  program: string,
  signal: AbortSignal,
): Promise<string> {
  const { stream } = await getArchive(engine, container, program, { signal });
  try {
    for await (const { content } of readTar(stream, { wanted: () => longestProgram }))
      return content.toString("latin1");
    return "";
  } finally {
    stream.destroy();
  }
}

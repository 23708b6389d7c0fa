import { initKindOf } from "#contract/init.ts";
import { getArchive } from "#engine/archive.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { hasCode } from "#errors.ts";
import { readTar } from "#image/tarball/read-tar.ts";
import { systemdVersionIn } from "#linux/systemd-program.ts";
import { programOf } from "./guest-probe.ts";
import { type InitKey, readCachedInit, writeCachedInit } from "./init-cache.ts";

/** What starts in a machine. */
export interface MachineProgram extends InitKey {
  /** The machine's id. */
  readonly container: string;
}

/** Milliseconds for an engine that is busy with that very container. */
const longestRead = 1000;

/** Bytes of a program's file: those of systemd have up to 2 MB. */
const longestProgram = 4 * 1024 ** 2;

/**
 * The init that a machine's image has, such as "systemd 252", read from the machine's own files, whether it
 * runs or not. Kept in the cache, since neither image nor command ever changes. Undefined if no init is
 * known, and if the engine does not answer in time.
 */
export async function readInit(
  engine: Engine,
  program: MachineProgram,
  cache: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const cached = await readCachedInit(cache, program);
  if (cached !== undefined) return cached;
  const init = await inTime(longestRead, signal, (bounded) => lookForInit(engine, program, bounded));
  if (init !== undefined) await writeCachedInit(cache, program, init);
  return init;
}

async function lookForInit(
  engine: Engine,
  { container, command }: MachineProgram,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (command[0]?.startsWith("/") !== true) return undefined;
  try {
    const program = await programOf(engine, container, command, signal);
    const kind = initKindOf(command, { program, has: () => true });
    if (kind !== "systemd") return kind;
    const version = systemdVersionIn(await readProgram(engine, container, program, signal));
    return version === undefined ? kind : `${kind} ${version}`;
  } catch (error) {
    // Removed meanwhile, or without its program, or being made.
    if (hasCode(error, "no-init") || hasCode(error, "not-found") || hasCode(error, "conflict"))
      return undefined;
    throw error;
  }
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

import { setImmediate } from "node:timers/promises";
import type { Engine } from "#engine/connection/engine.ts";
import { withWay } from "#host/files/path-steps.ts";
import { isReachable } from "#host/files/reachable.ts";
import { isAt } from "#linux/path.ts";
import type { Bind } from "#plan/machine/binds.ts";
import { containerName, writesOf } from "#plan/machine/machine.ts";
import {
  reachedByOthers,
  swapFault,
  swappedByOthers,
  tooLong,
  writtenByMachines,
} from "#plan/machine/path-access.ts";
import type { Writable } from "#plan/machine/writables.ts";
import { machineContainers } from "./machines.ts";

/**
 * What to say of the host's files and directories that machines are given, each once: where others than the
 * trusted users could put another in such a one's place; else, of a directory that a machine may write to,
 * where they can walk to it. Where the engine is on another host nothing is known of them.
 */
export async function bindWarnings(
  engine: Engine,
  binds: readonly Bind[],
  { trusted, signal }: Look,
): Promise<readonly string[]> {
  if (engine.endpoint.kind !== "unix") return [];
  const writable = new Set(binds.flatMap(({ source, readOnly }) => (readOnly ? [] : [source])));
  const sources = new Set(binds.map(({ source }) => source));
  return await lookAtEach(sources, signal, (source) => bindWarning(source, writable.has(source), trusted));
}

/** Who is trusted, and what ends the look. */
interface Look {
  readonly trusted: ReadonlySet<number>;
  readonly signal: AbortSignal;
}

/** Of one command: a path may take a hundredth of a second, and a stranger's file name tens of thousands. */
const mostPaths = 1000;

/**
 * The warnings about paths of the host, up to `mostPaths`. Rejects with the signal's reason once it is
 * aborted.
 */
async function lookAtEach(
  sources: ReadonlySet<string>,
  signal: AbortSignal,
  look: (source: string) => string | undefined,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const source of [...sources].slice(0, mostPaths)) {
    // Yield, so that signals are handled.
    await setImmediate();
    signal.throwIfAborted();
    const warning = look(source);
    if (warning !== undefined) warnings.push(warning);
  }
  const left = sources.size - mostPaths;
  return left > 0
    ? [...warnings, `checked the first ${mostPaths} host paths bound into machines, skipped ${left}`]
    : warnings;
}

const keepAtRoot = "Keep it where only root may write to each directory of the path (example: /srv)";
const keepClosed = "Keep it in a directory of mode 700 (install -d -m 700 DIRECTORY), or mount it :ro";
const keepApart = "Mount it :ro, or keep the file in a directory that no machine may write to";

/** The warning about one path of the host; undefined where it is safe. */
export function bindWarning(
  source: string,
  isWritable: boolean,
  trusted: ReadonlySet<number>,
): string | undefined {
  return withWay(source, trusted, (way) => {
    const fault = swapFault(way, trusted);
    if (fault !== undefined) return `${swappedByOthers(source, fault)} ${keepAtRoot}`;
    if (!isWritable || !isReachable(way, trusted)) return undefined;
    return `${reachedByOthers(source)} ${keepClosed}`;
  });
}

/** The same of those that an engine has. */
export async function listWritables(engine: Engine, signal: AbortSignal): Promise<readonly Writable[]> {
  const containers = await machineContainers(engine, signal);
  return containers.flatMap((container) =>
    writesOf(container).map((source) => ({ machine: containerName(container), source })),
  );
}

/**
 * What to say of machines that may write to one of these machine files, or could put another in its place:
 * they have the file, a link that leads to it, or a directory that one is in. For each path that they have
 * the first such file is named.
 */
export async function fileWarnings(
  engine: Engine,
  files: readonly string[],
  writable: readonly Writable[],
  { trusted, signal }: Look,
): Promise<readonly string[]> {
  if (engine.endpoint.kind !== "unix") return [];
  const ways = files.map((file) => ({
    file,
    paths: withWay(file, trusted, ({ steps }) => steps.map(({ path }) => path)),
  }));
  const machines = Map.groupBy(writable, ({ source }) => source);
  return await lookAtEach(new Set(machines.keys()), signal, (source) => {
    const names = [...new Set(machines.get(source)?.map(({ machine }) => machine))];
    const { real, isLong } = withWay(source, trusted, (way) => ({
      real: way.end === "there" ? way.real.at(-1)?.path : undefined,
      isLong: way.end === "too-long",
    }));
    // In `up` its bind is warned of, too.
    if (isLong)
      return (
        `cannot tell whether ${names.join(", ")} can write the machine file by the bind of ${source}: ` +
        tooLong
      );
    const way =
      real === undefined ? undefined : ways.find(({ paths }) => paths.some((path) => isAt(real, path)));
    if (way === undefined) return undefined;
    return `${writtenByMachines(way.file, source, names)} ${keepApart}`;
  });
}

import type { Engine } from "../engine/engine.ts";
import { withWay } from "../host/path-steps.ts";
import { isReachable } from "../host/reachable.ts";
import type { Bind } from "../plan/binds.ts";
import { reachedByOthers, swapFault, swappedByOthers } from "../plan/path-access.ts";

/**
 * What to say of the host's files and directories that machines are given, each once: where others than the trusted users could put
 * another in such a one's place; else, of a directory that a machine may write to, where they can walk to it.
 * Where the engine is on another host nothing is known of them.
 */
export function bindWarnings(engine: Engine, binds: readonly Bind[], trusted: ReadonlySet<number>): readonly string[] {
  if (engine.endpoint.kind !== "unix") return [];
  const writable = new Set(binds.flatMap(({ source, readOnly }) => (readOnly ? [] : [source])));
  return [...new Set(binds.map(({ source }) => source))].flatMap((source) => bindWarning(source, writable.has(source), trusted) ?? []);
}

/** The same of one. */
export function bindWarning(source: string, isWritable: boolean, trusted: ReadonlySet<number>): string | undefined {
  return withWay(source, trusted, (way) => {
    const fault = swapFault(way, trusted);
    if (fault !== undefined) return `${swappedByOthers(source, fault)} Keep it where only root may write on the whole way, such as in /srv`;
    if (!isWritable || !isReachable(way, trusted)) return undefined;
    return `${reachedByOthers(source)} Keep it in a directory of mode 700 (install -d -m 700 DIRECTORY), or mount it :ro`;
  });
}

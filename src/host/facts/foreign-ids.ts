import { readdirSync, readFileSync, statSync } from "node:fs";
import { hasCode } from "#errors.ts";
import { tryRun } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { hasDirectory, parseAccountIds, parseSubordinateIds } from "#linux/subordinate-ids.ts";
import type { IdRange } from "#linux/id-range.ts";

/** Who has ids of this host. */
export interface ForeignIds {
  /** By its files, and by what runs. */
  readonly known: readonly IdRange[];
  /** Whether a directory service knows the users that a machine is most likely to have. */
  isOfDirectory(ids: IdRange): Promise<boolean>;
}

/** Milliseconds for a directory service that is far away or down; what is not told by then is nobody's. */
export const directoryLimit = 500;

/**
 * Reads which ids are somebody's already: of accounts, of what they may give to namespaces of their own, and
 * of all processes, which machines of other engines are, too, wherever those keep what they have given.
 */
export function readForeignIds(): ForeignIds {
  const accounts = ["/etc/passwd", "/etc/group"].flatMap((file) => parseAccountIds(readOrEmpty(file)));
  const subordinate = ["/etc/subuid", "/etc/subgid"].flatMap((file) =>
    parseSubordinateIds(readOrEmpty(file)),
  );
  const asks = hasDirectory(readOrEmpty("/etc/nsswitch.conf"));
  return {
    known: [...accounts, ...subordinate, ...readOwners()],
    isOfDirectory: async ({ base }) => asks && (await isKnown([base, base + 1000])),
  };
}

/** The users whose processes run; one that may not be looked at is its user namespace's root's (proc(5)). */
function readOwners(): readonly IdRange[] {
  const owners = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statSync(`/proc/${name}`, { throwIfNoEntry: false });
    if (stat !== undefined) owners.add(stat.uid);
  }
  return [...owners].map((base) => ({ base, count: 1 }));
}

/** getent(1) prints those that there are, whatever its status. */
async function isKnown(ids: readonly number[]): Promise<boolean> {
  const signal = AbortSignal.timeout(directoryLimit);
  const look = async (database: string) =>
    (await tryRun("getent", [database, ...ids.map(String)], { signal })).stdout !== "";
  try {
    return (await Promise.all([look("passwd"), look("group")])).includes(true);
  } catch (error) {
    if (hasCode(error, "interrupted") || hasCode(error, "tool-missing")) return false;
    throw error;
  }
}

export function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return "";
    throw error;
  }
}

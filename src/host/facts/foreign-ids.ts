import { readdirSync, statSync } from "node:fs";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import { parseAccountIds } from "#linux/account.ts";
import type { IdRange } from "#linux/id-range.ts";
import { parseSubordinateIds } from "#linux/subordinate-ids.ts";
import { directoryService } from "./directory-service.ts";

/** The ids of this host that are in use. */
export interface ForeignIds {
  /** By its files and running processes. */
  readonly known: readonly IdRange[];
  /**
   * Whether a directory service knows the users that a machine is most likely to have; no, where it does not
   * answer in time.
   */
  isOfDirectory(ids: IdRange): boolean;
}

/**
 * Reads which ids are in use: those of accounts, their subordinate ids (subuid(5)), and the owners of all
 * processes. The last covers machines of other engines, wherever those engines record their ids.
 */
export function readForeignIds(): ForeignIds {
  const accounts = ["/etc/passwd", "/etc/group"].flatMap((file) =>
    parseAccountIds(readIfThereSync(file) ?? ""),
  );
  const subordinate = ["/etc/subuid", "/etc/subgid"].flatMap((file) =>
    parseSubordinateIds(readIfThereSync(file) ?? ""),
  );
  const ask = directoryService();
  return {
    known: [...single(accounts), ...subordinate, ...single(readOwners())],
    isOfDirectory: ({ base }) => {
      const ids = [base, base + 1000].map(String);
      const users = ask("passwd", ids);
      if (users === undefined) return false;
      const groups = ask("group", ids);
      return groups !== undefined && (users !== "" || groups !== "");
    },
  };
}

/** The users whose processes run; one that may not be looked at is its user namespace's root's (proc(5)). */
function readOwners(): readonly number[] {
  const owners = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statSync(`/proc/${name}`, { throwIfNoEntry: false });
    if (stat !== undefined) owners.add(stat.uid);
  }
  return [...owners];
}

const single = (ids: readonly number[]): readonly IdRange[] => ids.map((base) => ({ base, count: 1 }));

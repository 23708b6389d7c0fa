import type { IdRange } from "./id-range.ts";

/** The ids that subuid(5) or subgid(5) gives away: `NAME:FIRST:COUNT`. */
export function parseSubordinateIds(text: string): readonly IdRange[] {
  return [...text.matchAll(/^[^:#\n]+:(\d+):(\d+)$/gm)].map(([, base, count]) => ({
    base: Number(base),
    count: Number(count),
  }));
}

/** The ids in passwd(5) or group(5): the third field, and a user's group. */
export function parseAccountIds(text: string): readonly IdRange[] {
  return [...text.matchAll(/^[^:\n]*:[^:\n]*:(\d+)(?::(\d+):)?/gm)].flatMap(([, ...ids]) =>
    ids.flatMap((id) => (id === undefined ? [] : [{ base: Number(id), count: 1 }])),
  );
}

/** Sources of nsswitch.conf(5) that know no more users than this host's own files and services do. */
const ofThisHost: readonly string[] = ["files", "compat", "db", "altfiles", "systemd", "mymachines"];

/**
 * Whether users or groups of this host may come from a directory service, such as `sss`, `ldap` or `winbind`.
 */
export function hasDirectory(nsswitch: string): boolean {
  const sources = [...nsswitch.matchAll(/^\s*(?:passwd|group):([^#\n]*)/gm)].flatMap(([, list = ""]) =>
    list
      .replace(/\[[^\]]*\]/g, " ")
      .split(/\s+/)
      .filter((word) => word !== ""),
  );
  return sources.some((source) => !ofThisHost.includes(source));
}

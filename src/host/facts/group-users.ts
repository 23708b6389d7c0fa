import { spawnSync } from "node:child_process";
import { parseFirstUsers, parseMembers, parseUserIds } from "#linux/group-users.ts";
import { hasDirectory } from "#linux/subordinate-ids.ts";
import { directoryLimit, readOrEmpty } from "./foreign-ids.ts";

/**
 * The users who have a group, by this host's files, and by its directory service for what these do not know.
 * NaN is one whose number nobody tells, and stands for all where the directory does not answer.
 */
export function readGroupUsers(gid: number): readonly number[] {
  const users = known.get(gid) ?? readUsers(gid);
  known.set(gid, users);
  return users;
}

/** By the group's number, as long as this process lives: a directory service may take its time. */
const known = new Map<number, readonly number[]>();

function readUsers(gid: number): readonly number[] {
  const [passwd, group] = [readOrEmpty("/etc/passwd"), readOrEmpty("/etc/group")];
  const ask = hasDirectory(readOrEmpty("/etc/nsswitch.conf")) ? getent : () => "";
  const told = parseMembers(group, gid) === undefined ? ask("group", [String(gid)]) : group;
  if (told === undefined) return [Number.NaN];
  const names = parseMembers(told, gid) ?? [];
  const ids = parseUserIds(passwd, names);
  const unknown = names.filter((_, index) => Number.isNaN(ids[index]));
  const others = unknown.length === 0 ? [] : parseUserIds(ask("passwd", unknown) ?? "", unknown);
  return [...ids.filter((id) => !Number.isNaN(id)), ...others, ...parseFirstUsers(passwd, gid)];
}

/**
 * What getent(1) prints of those that there are, whatever its status; undefined without an answer in time.
 */
function getent(database: string, keys: readonly string[]): string | undefined {
  const { error, stdout } = spawnSync("getent", [database, ...keys], {
    encoding: "utf8",
    timeout: directoryLimit,
  });
  return error === undefined ? stdout : undefined;
}

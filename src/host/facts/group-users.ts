import { readIfThereSync } from "#host/files/read-if-there.ts";
import { parseFirstUsers, parseMembers, parseUserIds } from "#linux/account.ts";
import { directoryService } from "./directory-service.ts";

/**
 * The user ids of a group's members, from this host's files and, for names or groups missing there, from its
 * directory service. NaN is a member of unknown id, or everyone if the directory service does not answer.
 */
export function readGroupUsers(gid: number): readonly number[] {
  const users = known.get(gid) ?? readUsers(gid);
  known.set(gid, users);
  return users;
}

/** By group id. Kept for the life of this process: a directory service may be slow. */
const known = new Map<number, readonly number[]>();

function readUsers(gid: number): readonly number[] {
  const passwd = readIfThereSync("/etc/passwd") ?? "";
  const group = readIfThereSync("/etc/group") ?? "";
  const ask = directoryService();
  const told = parseMembers(group, gid) === undefined ? ask("group", [String(gid)]) : group;
  if (told === undefined) return [Number.NaN];
  const names = parseMembers(told, gid) ?? [];
  const ids = parseUserIds(passwd, names);
  const unknown = names.filter((_, index) => Number.isNaN(ids[index]));
  const others = unknown.length === 0 ? [] : parseUserIds(ask("passwd", unknown) ?? "", unknown);
  return [...ids.filter((id) => !Number.isNaN(id)), ...others, ...parseFirstUsers(passwd, gid)];
}

import { readIfThereSync } from "#host/files/read-if-there.ts";
import { parseFirstUsers, parseMembers, parseUserIds } from "#linux/account.ts";
import { directoryService } from "./directory-service.ts";

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

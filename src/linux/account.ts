/** The names of a group's members by the lines of group(5); undefined for a group that is not among them. */
export function parseMembers(group: string, gid: number): readonly string[] | undefined {
  const lines = rows(group).filter(([, , number]) => number === String(gid));
  return lines.length === 0
    ? undefined
    : lines.flatMap(([, , , members = ""]) => members.split(",").filter((name) => name !== ""));
}

/** The ids of users by name, by the lines of passwd(5); NaN for a name that is not there. */
export function parseUserIds(passwd: string, names: readonly string[]): readonly number[] {
  const users = rows(passwd);
  return names.map((name) => Number(users.find(([other]) => other === name)?.[2] ?? Number.NaN));
}

/** The first uid of ordinary users, as distributions give them (login.defs(5), UID_MIN). */
const firstPerson = 1000;

/**
 * The ids of the users with this primary group, by the lines of passwd(5). For root's group ignore system
 * users without a login: sync, shutdown, halt and operator on Fedora.
 */
export function parseFirstUsers(passwd: string, gid: number): readonly number[] {
  return rows(passwd).flatMap(([, , uid, first]) => {
    const isSystems = gid === 0 && Number(uid) > 0 && Number(uid) < firstPerson;
    return first === String(gid) && !isSystems ? [Number(uid)] : [];
  });
}

/** All numbers in the lines of passwd(5) or group(5): the third field, and of a user the fourth. */
export function parseAccountIds(text: string): readonly number[] {
  return rows(text).flatMap(([, , id = "", first = "", ...more]) => {
    const isUser = more.length > 0;
    return [id, ...(isUser ? [first] : [])].filter((field) => /^\d+$/.test(field)).map(Number);
  });
}

const rows = (text: string) => text.split("\n").map((line) => line.split(":"));

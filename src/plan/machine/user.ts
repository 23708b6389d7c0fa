/**
 * `UID:GID` of `USER[:GROUP]`, each a name or a number, by the lines of passwd(5) and group(5) together;
 * undefined for an unknown name.
 */
export function parseUser(user: string, files: string): string | undefined {
  const [name = "", group] = user.split(":");
  const lines = files.split("\n").map((line) => line.split(":"));
  const entry = lines.find((fields) => fields.length === 7 && (fields[0] === name || fields[2] === name));
  const uid = entry?.[2] ?? (/^\d+$/.test(name) ? name : undefined);
  const gid =
    group === undefined
      ? (entry?.[3] ?? "0")
      : (lines.find((fields) => fields.length === 4 && fields[0] === group)?.[2] ??
        (/^\d+$/.test(group) ? group : undefined));
  return uid === undefined || gid === undefined ? undefined : `${uid}:${gid}`;
}

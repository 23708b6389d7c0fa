import type { Engine } from "#engine/connection/engine.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import type { Machine } from "./machines.ts";

/**
 * A user, with `:group` if wanted, as the engine can take it. It looks names up in the container's own
 * layers, in which a machine with a folder for its root has no /etc: these get numbers, which the machine's
 * own files give. Throws `not-found` for a name in neither.
 */
export async function engineUser(
  engine: Engine,
  machine: Machine,
  user: string,
  signal: AbortSignal,
): Promise<string> {
  if (!machine.labels[label.root] || /^\d+(?::\d+)?$/.test(user)) return user;
  const { stdout } = await execCapture(engine, machine.id, {
    cmd: ["cat", "/etc/passwd", "/etc/group"],
    user: "0",
    signal,
  });
  const found = parseUser(user, stdout);
  if (found !== undefined) return found;
  throw new BerthError("not-found", `${machine.name} has no user ${user}`, {
    hint: `it has: berth exec ${machine.name} cat /etc/passwd`,
  });
}

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

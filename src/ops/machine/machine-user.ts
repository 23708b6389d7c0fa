import type { Engine } from "#engine/connection/engine.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { parseUser } from "#plan/machine/user.ts";

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
    hint: `list its users: berth exec ${machine.name} cat /etc/passwd`,
  });
}

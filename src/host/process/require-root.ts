import { BerthError } from "#errors.ts";

/** Throws `host-unfit` unless it is root who runs this, before anything is done that would end half-way. */
export function requireRoot(what: string, uid: number | undefined = process.getuid?.()): void {
  if (uid !== 0)
    throw new BerthError("host-unfit", `${what} needs root`, { hint: "Run the command as root." });
}

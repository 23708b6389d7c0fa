import { closeSync, constants, openSync } from "node:fs";
import { stepOf } from "#host/files/path-steps.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import { openAt, resolving } from "#host/syscall/syscalls.ts";
import { replaceFault } from "#plan/machine/path-access.ts";
import { mountIdOf } from "./mountinfo-of.ts";

/** Open without accessing the file system itself. */
const directoryOnly = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A mount by its id and its place in this mount namespace's mountinfo. */
export interface MountPlace {
  readonly id: number;
  readonly directory: string;
}

/**
 * Opens the root of a mount (O_PATH), to be closed by the caller. Undefined if another mount covers it, or if
 * another user than root could exchange it, as owner or writer of a directory on the way. `others` are the
 * ids of mounts of other users. Checks each directory's owner before entering it, so that no user can block
 * it.
 */
export function openRootsMount(
  { id, directory }: MountPlace,
  others: ReadonlySet<number>,
): number | undefined {
  let place = openSync("/", directoryOnly);
  let found = false;
  try {
    for (const name of directory.split("/").filter((part) => part !== "")) {
      if (others.has(mountIdOf(place)) || !isRootsAlone(place)) return undefined;
      const next = openAt(place, name, directoryOnly, resolving.noLinks);
      closeSync(place);
      place = next;
    }
    found = mountIdOf(place) === id;
    return found ? place : undefined;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "ELOOP", "ENOTCONN"])) return undefined;
    throw error;
  } finally {
    if (!found) closeSync(place);
  }
}

/** Do not accept a sticky directory: the mount hides the owner of the file beneath it. */
function isRootsAlone(directory: number): boolean {
  const step = stepOf(`/proc/self/fd/${directory}`, directory);
  return replaceFault([{ ...step, mode: step.mode & 0o777 }], root) === undefined;
}

const root: ReadonlySet<number> = new Set([0]);

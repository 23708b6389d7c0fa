import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hasErrno } from "#host/syscall/errno.ts";
import { stateMark } from "#oci/machine-state.ts";

/** Below the root of all states: the parts of a runtime's `--root`, and a container's id. */
const deepest = 16;

/** The directories of all machines' states below one, by `stateMark`. None where it does not exist. */
export function findStates(directory: string, depth = 0): readonly string[] {
  if (existsSync(join(directory, stateMark))) return [directory];
  if (depth > deepest) return [];
  return directoriesIn(directory).flatMap((name) => findStates(join(directory, name), depth + 1));
}

function directoriesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return [];
    throw error;
  }
}

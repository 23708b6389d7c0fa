import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { machineProfile } from "#contract/apparmor-profile.ts";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { isUnderProfile } from "#linux/apparmor.ts";
import { stateFile, stateMark, stateRoot } from "#oci/machine-state.ts";

/**
 * Whether anything of this host needs berth's AppArmor profile: a process under it, of whichever engine, or a
 * machine that is about to begin.
 */
export function isProfileUsed(proc = "/proc", states = stateRoot): boolean {
  return hasLabelledProcess(proc) || hasLabelledState(states, 0);
}

/** Ended meanwhile; without AppArmor's own directory (before Linux 5.8); without a label. */
const unlabelled = ["ENOENT", "ESRCH", "EINVAL"];

function hasLabelledProcess(proc: string): boolean {
  const labelOf = (pid: string) =>
    readIfThereSync(join(proc, pid, "attr/apparmor/current"), unlabelled) ??
    readIfThereSync(join(proc, pid, "attr/current"), unlabelled) ??
    "";
  const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => isUnderProfile(labelOf(pid), machineProfile));
}

const deepest = 16;

function hasLabelledState(directory: string, depth: number): boolean {
  if (existsSync(join(directory, stateMark)))
    return readIfThereSync(join(directory, stateFile.apparmor))?.trim() === machineProfile;
  const names = depth > deepest ? [] : directoriesIn(directory);
  return names.some((name) => hasLabelledState(join(directory, name), depth + 1));
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

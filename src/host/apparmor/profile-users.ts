import { readdirSync } from "node:fs";
import { join } from "node:path";
import { machineProfile } from "#contract/apparmor-profile.ts";
import { findStates } from "#host/files/machine-states.ts";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import { isUnderProfile } from "#linux/apparmor.ts";
import { stateFile, stateRoot } from "#oci/machine-state.ts";

/**
 * Whether anything of this host needs berth's AppArmor profile: a process under it, of whichever engine, or a
 * machine that is about to begin.
 */
export function isProfileUsed(proc = "/proc", states = stateRoot): boolean {
  return hasLabelledProcess(proc) || findStates(states).some(isLabelled);
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

const isLabelled = (state: string) =>
  readIfThereSync(join(state, stateFile.apparmor))?.trim() === machineProfile;

import { existsSync, writeFileSync } from "node:fs";
import { machineProfile, renderMachineProfile } from "#contract/apparmor-profile.ts";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import { type Ended, runWithInput } from "#host/process/spawn-quick.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { listsProfile, loadedProfilesFile, removeProfileFile } from "#linux/apparmor.ts";

/** Whether the kernel has berth's profile; undefined where its list cannot be read. */
export function isProfileLoaded(): boolean | undefined {
  const list = readIfThereSync(loadedProfilesFile, ["ENOENT", "EACCES"]);
  return list === undefined ? undefined : listsProfile(list, machineProfile);
}

/**
 * Loads berth's AppArmor profile if it is missing, as after a reboot or `aa-remove-unknown`. Returns why that
 * is impossible; undefined for success. Takes well below a millisecond if it is there.
 */
export function ensureProfile(): string | undefined {
  const isLoaded = isProfileLoaded();
  if (isLoaded === undefined) return `cannot read ${loadedProfilesFile}`;
  return isLoaded ? undefined : loadProfile();
}

/** Loads it, also over another version; returns why that is impossible. */
export function loadProfile(text = machineProfileText()): string | undefined {
  let ended: Ended;
  try {
    // No cache: its directory may be read-only.
    ended = runWithInput(["apparmor_parser", "--replace", "--skip-cache"], text);
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return "apparmor_parser is not installed (package apparmor)";
    throw error;
  }
  if (ended.status === 0) return undefined;
  const [line] = ended.stderr.split("\n").filter((text) => text !== "" && !text.startsWith("Warning"));
  return `apparmor_parser exited with ${ended.status}${line === undefined ? "" : `: ${line}`}`;
}

/** Its text for this host. */
export function machineProfileText(): string {
  return renderMachineProfile({ abi: existsSync("/etc/apparmor.d/abi/3.0") });
}

/** Unloads it, if it is loaded: machines that still run lose it. */
export function unloadProfile(): void {
  if (isProfileLoaded() === true) writeFileSync(removeProfileFile, machineProfile);
}

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { machineProfile, renderMachineProfile } from "#contract/apparmor-profile.ts";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import { sha256 } from "#host/files/sha256.ts";
import { readPackageManager } from "#host/process/package-manager.ts";
import { runWithInput } from "#host/process/spawn-quick.ts";
import { listsProfile, loadedProfilesFile, removeProfileFile } from "#linux/apparmor.ts";
import { installHint } from "#linux/package.ts";
import { systemPath } from "#linux/search-path.ts";

/** Notes which rules have been loaded: the kernel's list has only their name. */
const loadedNote = "/run/berth/apparmor-profile";

/** Of the rules alone: the rest of the text is by where it is loaded, which may be an engine's own root. */
const rulesDigest = () => sha256(renderMachineProfile({ abi: false }));

/** Whether the kernel has berth's profile; undefined where its list cannot be read. */
export function isProfileLoaded(): boolean | undefined {
  const list = readIfThereSync(loadedProfilesFile, ["ENOENT", "EACCES"]);
  return list === undefined ? undefined : listsProfile(list, machineProfile);
}

/**
 * Loads berth's AppArmor profile if it is missing, as after a reboot or `aa-remove-unknown`, or if another
 * version of berth has loaded other rules. Returns why that is impossible; undefined for success. Takes well
 * below a millisecond if it is there.
 */
export function ensureProfile(): string | undefined {
  const isLoaded = isProfileLoaded();
  if (isLoaded === undefined) return `cannot read ${loadedProfilesFile}`;
  if (isLoaded && readIfThereSync(loadedNote) === rulesDigest()) return undefined;
  const refusal = loadProfile();
  // Another version's rules confine better than none.
  return isLoaded ? undefined : refusal;
}

/** Where apparmor_parser is on this host, whatever the caller's PATH: that of a plain su(1) has no sbin. */
export const findParser = () => Bun.which("apparmor_parser", { PATH: systemPath }) ?? undefined;

/** Loads it, also over another version; returns why that is impossible. */
export function loadProfile(text = machineProfileText()): string | undefined {
  const parser = findParser();
  if (parser === undefined) {
    const hint = installHint("apparmor_parser", readPackageManager());
    return `apparmor_parser is not installed${hint === undefined ? "" : `. ${hint}`}`;
  }
  // No cache: its directory may be read-only.
  const { status, stderr } = runWithInput([parser, "--replace", "--skip-cache"], text);
  if (status === 0) {
    mkdirSync(dirname(loadedNote), { recursive: true, mode: 0o755 });
    writeFileSync(loadedNote, rulesDigest());
    return undefined;
  }
  const [line] = stderr.split("\n").filter((text) => text !== "" && !text.startsWith("Warning"));
  return `apparmor_parser exited with ${status}${line === undefined ? "" : `: ${line}`}`;
}

/** Its text for this host. */
export function machineProfileText(): string {
  return renderMachineProfile({ abi: existsSync("/etc/apparmor.d/abi/3.0") });
}

/** Unloads it, if it is loaded: processes under it would go on without one. */
export function unloadProfile(): void {
  if (isProfileLoaded() === true) writeFileSync(removeProfileFile, machineProfile);
  rmSync(loadedNote, { force: true });
}

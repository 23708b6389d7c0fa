import { rm } from "node:fs/promises";
import { join } from "node:path";
import { machineProfile } from "#contract/apparmor-profile.ts";
import {
  isProfileLoaded,
  loadProfile,
  machineProfileText,
  unloadProfile,
} from "#host/apparmor/machine-profile.ts";
import { isProfileUsed } from "#host/apparmor/profile-users.ts";
import { replaceFile } from "#host/files/replace-file.ts";

/** The profile's text as it was loaded, for whoever wants to see or to load it (apparmor_parser(8)). */
export const profileFile = (directory: string) => join(directory, `${machineProfile}.apparmor`);

/**
 * Loads berth's AppArmor profile, over an earlier version too, where the host has AppArmor. Keeps its text in
 * a directory, if one is given. Returns the warnings: without it machines run unconfined by AppArmor.
 */
export async function installProfile(directory: string | undefined): Promise<readonly string[]> {
  if (isProfileLoaded() === undefined) return [];
  const text = machineProfileText();
  if (directory !== undefined) await replaceFile(profileFile(directory), text, 0o644);
  const refusal = loadProfile(text);
  return refusal === undefined ? [] : [`cannot load the AppArmor profile ${machineProfile}: ${refusal}`];
}

/** Runs work that loads the profile. If it fails, unloads what was not loaded before. */
export async function withProfileKept<T>(work: () => Promise<T>): Promise<T> {
  const wasLoaded = isProfileLoaded() === true;
  try {
    return await work();
  } catch (error) {
    if (!wasLoaded) unloadProfile();
    throw error;
  }
}

/**
 * Unloads the profile, and removes its text. Leaves it loaded while something is under it, which would go on
 * without one: other engines' machines, and those that a forced removal leaves. Returns a warning then.
 */
export async function removeProfile(directory: string): Promise<readonly string[]> {
  await rm(profileFile(directory), { force: true });
  if (isProfileLoaded() !== true) return [];
  if (isProfileUsed()) return [stays];
  unloadProfile();
  return [];
}

const stays =
  `the AppArmor profile ${machineProfile} stays loaded until the next boot: ` +
  "machines of this or another engine are under it";

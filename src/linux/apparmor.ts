/** Where the kernel lists all loaded AppArmor profiles (apparmor(7)); missing where AppArmor is off. */
export const loadedProfilesFile = "/sys/kernel/security/apparmor/profiles";

/** Takes a profile's name to remove the profile. Processes under it go on without one. */
export const removeProfileFile = "/sys/kernel/security/apparmor/.remove";

/** Whether the kernel's list, lines such as `docker-default (enforce)`, has a profile of this name. */
export function listsProfile(list: string, name: string): boolean {
  return `\n${list}`.includes(`\n${name} (`);
}

/**
 * Whether a process's label, such as `docker-default (enforce)` or stacked `docker-default//&x (mixed)`, has
 * a profile of this name.
 */
export function isUnderProfile(label: string, name: string): boolean {
  return label
    .trim()
    .replace(/ \([a-z]+\)$/, "")
    .split("//&")
    .includes(name);
}

import type { Profile } from "#contract/profiles.ts";

/**
 * Docker's security options for a machine of this requested profile. `no-new-privileges`, where it is the
 * engine's default, keeps sudo, su and the like from working. In a user namespace of the machine's own, which
 * `full` by name guarantees, what they gain is nothing on the host.
 */
export function privilegeOptions(profile: Profile | undefined): readonly string[] {
  return profile === "full" ? ["no-new-privileges=false"] : [];
}

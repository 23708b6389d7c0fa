import { type Profile, profiles } from "#contract/profiles.ts";
import { BerthError } from "#errors.ts";
import { idsOfSystem } from "#linux/id-range.ts";
import { parseIds } from "#machinefile/value/limit.ts";
import { parseHostname } from "#machinefile/value/name.ts";
import { environmentOf, type OciConfig } from "#oci/config.ts";

/**
 * The profile that a container asks for: by BERTH_PROFILE, or by docker's --privileged, which shows in paths
 * that are not masked and in every device being allowed. Undefined leaves it to the contract. Throws `usage`.
 */
export function requestedProfile(config: OciConfig): Profile | undefined {
  const word = environmentOf(config, "BERTH_PROFILE");
  if (word === undefined || word === "") return isPrivileged(config) ? "privileged" : undefined;
  const profile = profiles.find((name) => name === word);
  if (profile === undefined)
    throw new BerthError("usage", `invalid BERTH_PROFILE "${word}" (one of: ${profiles.join(", ")})`);
  if (profile === "privileged" && !isPrivileged(config)) {
    throw new BerthError("usage", "BERTH_PROFILE=privileged needs a privileged container", {
      hint: "add --privileged",
    });
  }
  return profile;
}

/** Limit of ids that also an image may request: enough for nested namespaces with the ids of one system. */
const mostOfAnybody = 2 * idsOfSystem;

/**
 * The number of ids that a container requests by BERTH_IDS. Throws `usage`, also above the limit if the
 * request may come from the image.
 */
export function requestedIds(config: OciConfig, isUsers: boolean): number {
  const word = environmentOf(config, "BERTH_IDS") ?? "";
  if (word === "") return idsOfSystem;
  const ids = parseIds(word);
  if (!isUsers && ids > mostOfAnybody) {
    throw new BerthError("usage", `invalid BERTH_IDS "${word}" (at most ${mostOfAnybody} on this engine)`, {
      hint: "this engine does not tell your variables from the image's, which must not use up the host's ids",
    });
  }
  return ids;
}

/** Whether a container asks for lxcfs by BERTH_LXCFS. Throws `usage`. */
export function requestedLxcfs(config: OciConfig): boolean {
  const word = environmentOf(config, "BERTH_LXCFS") ?? "";
  if (word === "1") return true;
  if (word === "" || word === "0") return false;
  throw new BerthError("usage", `invalid BERTH_LXCFS "${word}" (0 or 1)`);
}

/** The host name that a container asks for by BERTH_HOSTNAME. Throws `usage`. */
export function requestedHostname(config: OciConfig): string | undefined {
  const word = environmentOf(config, "BERTH_HOSTNAME") ?? "";
  return word === "" ? undefined : parseHostname(word);
}

/**
 * Whether a container asks, by BERTH_MACHINE_ID, to keep the machine-id that its files hold. Throws `usage`.
 */
export function keepsMachineId(config: OciConfig): boolean {
  const word = environmentOf(config, "BERTH_MACHINE_ID") ?? "";
  if (word === "") return false;
  if (word === "keep") return true;
  throw new BerthError("usage", `invalid BERTH_MACHINE_ID "${word}" (example: keep)`, {
    hint: "set your own id by container_uuid",
  });
}

function isPrivileged({ linux }: OciConfig): boolean {
  const allowsAll = linux?.resources?.devices?.some(
    ({ allow, type, access }) => allow && (type ?? "a") === "a" && access === "rwm",
  );
  return (linux?.maskedPaths ?? []).length === 0 && allowsAll === true;
}

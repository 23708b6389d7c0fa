import type { VolumeSpec } from "#machinefile/value/volume.ts";

/** Places where the contract mounts the machine's own file system, as its init needs it. */
const ofContract = ["/run", "/run/lock", "/tmp", "/sys/fs/cgroup"];

/**
 * Drops the volumes that recipes for systemd in containers add, and that the contract replaces. A bind of the
 * host's cgroups would move the machine's services out of the machine's own cgroup.
 */
export function dropRedundant(volumes: readonly VolumeSpec[]): {
  readonly volumes: readonly VolumeSpec[];
  readonly notes: readonly string[];
} {
  const isGiven = ({ kind, source, target }: VolumeSpec) =>
    ofContract.includes(target) &&
    (kind === "anonymous" || (target === "/sys/fs/cgroup" && source === target));
  return {
    volumes: volumes.filter((volume) => !isGiven(volume)),
    notes: volumes
      .filter(isGiven)
      .map(({ target }) => `ignoring the volume at ${target}: the machine's init needs its own ${target}`),
  };
}

import type { VolumeSpec } from "#machinefile/value/volume.ts";

/** Places of which the contract gives a machine its own, as its init needs them. */
const ofContract = ["/run", "/run/lock", "/tmp", "/sys/fs/cgroup"];

/**
 * The volumes without those recipes for systemd in a container which the contract replaces. The one that
 * binds the host's cgroups would let the machine's services out of the machine's own.
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

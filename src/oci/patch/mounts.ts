import type { Contract } from "#contract/contract.ts";
import { tmpfsOptions } from "#contract/tmpfs.ts";
import { isAt } from "#linux/path.ts";
import type { OciMount } from "#oci/config.ts";
import { takeFromStage } from "#oci/isolation/binds.ts";
import { boundTerminals } from "#oci/terminals.ts";
import { boundMount } from "#oci/tmpfs.ts";
import { cgroupMounts } from "./cgroups.ts";
import type { ConfigPatch } from "./config-patch.ts";

/**
 * All mounts of the machine: those of the container that it keeps, its cgroups after the last of /sys, so
 * that none covers its view with the host's, and what the contract adds.
 */
export function patchMounts(
  { mounts, isolation, contract, hostPaths }: ConfigPatch,
  cgroupsPath: string,
): OciMount[] {
  const kept = (isolation === undefined ? mounts : takeFromStage(mounts, isolation))
    .filter((mount) => !isAt("/sys/fs/cgroup", mount.destination))
    .map((mount) => boundKept(mount, contract));
  const sys = kept.findLastIndex((mount) => isAt("/sys", mount.destination));
  const machines = [
    ...kept.slice(0, sys + 1),
    ...cgroupMounts(contract, hostPaths, cgroupsPath),
    ...kept.slice(sys + 1),
  ];
  const taken = new Set(mounts.map((mount) => mount.destination));
  const added = [...tmpfsMounts(contract), ...bindMounts({ contract, hostPaths })].filter(
    ({ destination }) => !taken.has(destination),
  );
  // Before anything the user mounts below /run or /tmp, so that it stays visible; /var/run is a link to /run.
  const first = machines.findIndex((mount) => /^\/(run|tmp|var\/run|var\/lock)\//.test(mount.destination));
  return first === -1
    ? [...machines, ...added]
    : [...machines.slice(0, first), ...added, ...machines.slice(first)];
}

/**
 * With a writable /sys, udev and logind would manage the host's devices, privileged or not. In a user
 * namespace mount it writable and make it read-only later: otherwise the machine could mount no sysfs for its
 * own network namespaces.
 */
function boundKept(mount: OciMount, contract: Contract): OciMount {
  if (mount.destination !== "/sys") return boundTerminals(boundMount(mount, contract));
  const { options = [] } = mount;
  return { ...mount, options: contract.ids === undefined ? readOnly(options) : writable(options) };
}

function writable(options: readonly string[]): string[] {
  return options.filter((option) => option !== "ro");
}

function readOnly(options: readonly string[]): string[] {
  return [...options.filter((option) => option !== "rw" && option !== "ro"), "ro"];
}

function tmpfsMounts({ tmpfs }: Contract): readonly OciMount[] {
  return tmpfs.map((mount) => ({
    destination: mount.target,
    type: "tmpfs",
    source: "tmpfs",
    options: [...tmpfsOptions(mount), ...(mount.copyUp ? ["tmpcopyup"] : [])],
  }));
}

function bindMounts({
  contract,
  hostPaths,
}: Pick<ConfigPatch, "contract" | "hostPaths">): readonly OciMount[] {
  const binds: readonly (readonly [string, string | undefined])[] = [
    ["/run/host", hostPaths.runHost],
    ["/run/systemd/system.attached", hostPaths.maskedUnits],
    ["/run/systemd/system-generators", hostPaths.maskedGenerators],
    ["/run/systemd/logind.conf.d", hostPaths.login],
    ["/etc/machine-id", hostPaths.machineId],
    ...contract.lxcfs.map(({ target, source }) => [target, source] as const),
  ];
  return binds.flatMap(([destination, source]) =>
    source === undefined
      ? []
      : [
          {
            destination,
            type: "bind",
            source,
            options: ["bind", "ro", "nosuid", "nodev", "noexec", "rprivate"],
          },
        ],
  );
}

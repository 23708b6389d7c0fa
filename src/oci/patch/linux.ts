import { cgroupBounds } from "#contract/cgroups.ts";
import type { Contract } from "#contract/contract.ts";
import { parseCgroupsPath } from "#linux/cgroup-path.ts";
import type { OciLinux } from "#oci/config.ts";
import { privateCgroups } from "./cgroups.ts";
import { patchSeccomp } from "./seccomp.ts";

/** config.json's `linux` (OCI runtime-spec, config-linux.md) as the contract has it. */
export function patchLinux(linux: OciLinux, contract: Contract, cgroupsPath: string): OciLinux {
  const needsPath = ["named", "delegated", "unified"].includes(contract.cgroup);
  return {
    ...linux,
    ...(needsPath && parseCgroupsPath(linux.cgroupsPath) === undefined ? { cgroupsPath } : {}),
    ...(contract.cgroup === "read-only" && contract.ids === undefined
      ? {}
      : { namespaces: privateCgroups(linux.namespaces ?? []) }),
    ...(linux.seccomp ? { seccomp: patchSeccomp(linux.seccomp, contract) } : {}),
    // The host's virtual consoles would let init and agetty write on the host's screen.
    ...(linux.devices
      ? { devices: linux.devices.filter((device) => !/^\/dev\/tty\d+$/.test(device.path)) }
      : {}),
    ...(contract.cgroup === "cgroup2"
      ? { resources: { ...linux.resources, unified: { ...cgroupBounds, ...linux.resources?.unified } } }
      : {}),
    ...readonlyPaths(linux.readonlyPaths, contract),
  };
}

function readonlyPaths(
  paths: readonly string[] | undefined,
  contract: Contract,
): { readonlyPaths?: string[] } {
  if (contract.ids !== undefined) return { readonlyPaths: ["/sys"] };
  const sysctls = contract.readOnlySysctls;
  if (paths === undefined) return {};
  return {
    readonlyPaths:
      sysctls === undefined ? [...paths] : paths.flatMap((path) => (path === "/proc/sys" ? sysctls : [path])),
  };
}

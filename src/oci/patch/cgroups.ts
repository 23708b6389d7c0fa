import type { Contract } from "#contract/contract.ts";
import type { OciMount } from "#oci/config.ts";
import type { HostPaths } from "./config-patch.ts";

/** With a cgroup namespace of the machine's own. */
export function privateCgroups(namespaces: readonly { type: string; path?: string }[]) {
  return [...namespaces.filter((namespace) => namespace.type !== "cgroup"), { type: "cgroup" }];
}

const cgroupOptions = ["nosuid", "noexec", "nodev"];

/** The mounts at and below /sys/fs/cgroup, instead of the engine's and the user's. */
export function cgroupMounts(contract: Contract, hostPaths: HostPaths, cgroupsPath: string): OciMount[] {
  const cgroup = (access: "ro" | "rw"): OciMount => ({
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: [access, ...cgroupOptions],
  });
  const bind = (destination: string, source: string | undefined): OciMount[] =>
    source === undefined
      ? []
      : [
          {
            destination,
            type: "bind",
            source: source + cgroupsPath,
            options: ["bind", "rw", ...cgroupOptions, "rprivate"],
          },
        ];
  switch (contract.cgroup) {
    case "read-only":
      return [cgroup("ro")];
    case "cgroup2":
      return [cgroup("rw")];
    case "unified":
      return bind("/sys/fs/cgroup", hostPaths.unified);
    case "named":
    case "delegated":
      return [
        cgroup(contract.cgroup === "named" ? "ro" : "rw"),
        ...bind("/sys/fs/cgroup/systemd", hostPaths.named),
      ];
  }
}

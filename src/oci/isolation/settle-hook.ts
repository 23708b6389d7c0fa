import { type CgroupView, cgroupBounds } from "#contract/cgroups.ts";
import type { HostCgroup } from "#contract/host.ts";
import { parentOf } from "#linux/path.ts";
import type { OciConfig } from "#oci/config.ts";
import { settleCommand } from "#oci/machine-state.ts";
import { domainNameOf } from "./sysctl.ts";

/** The stage that the hook removes, and the facts for the machine's cgroups. */
export interface StagedMachine {
  readonly stage: string;
  /** The host's id of the machine's root. */
  readonly base: number;
  readonly cgroup: HostCgroup;
  readonly view: CgroupView;
}

/**
 * The command of the launcher's hook, which gives a machine in a user namespace its cgroups and its NIS
 * domain name, and removes its stage.
 */
export function settleHook(
  launcher: string,
  config: OciConfig,
  { stage, base, cgroup, view }: StagedMachine,
): readonly string[] {
  return settleCommand(launcher, {
    stage,
    base: String(base),
    named: cgroup.named ?? "",
    unified: cgroup.unified ?? "",
    domain: domainNameOf(config),
    controllers_at: view === "delegated" && cgroup.named !== undefined ? parentOf(cgroup.named) : "",
    descendants: cgroupBounds["cgroup.max.descendants"],
    depth: cgroupBounds["cgroup.max.depth"],
    access: config.root.readonly === true ? "ro" : "rw",
  });
}

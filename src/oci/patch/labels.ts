import type { SecurityLabels } from "#contract/security-labels.ts";
import type { OciProcess } from "#oci/config.ts";

export type Labels = Pick<OciProcess, "apparmorProfile" | "selinuxLabel">;

/**
 * The labels that a process gets instead of the engine's, which sends its own for each command (`exec`)
 * again.
 */
export function patchLabels({ apparmor, selinux }: SecurityLabels): Labels {
  return {
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
    ...(selinux === undefined ? {} : { selinuxLabel: selinux }),
  };
}

import type { SecurityLabels } from "#contract/security-labels.ts";
import type { OciProcess } from "#oci/config.ts";

type Labels = Pick<OciProcess, "apparmorProfile" | "selinuxLabel">;

/** The labels that a process gets instead of the engine's. */
export function patchLabels({ apparmor, selinux }: SecurityLabels): Labels {
  return {
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
    ...(selinux === undefined ? {} : { selinuxLabel: selinux }),
  };
}

/**
 * A later process without the labels that the engine adds to it: a runtime then takes those that config.json
 * has for the container's first one.
 */
export function withoutLabels(process: OciProcess): OciProcess {
  const { apparmorProfile: _apparmor, selinuxLabel: _selinux, ...rest } = process;
  return rest;
}

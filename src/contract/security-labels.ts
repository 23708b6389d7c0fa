import { machineProfile } from "./apparmor-profile.ts";
import type { Host } from "./host.ts";
import type { Profile } from "./profiles.ts";

/**
 * What the security modules tell a process by (OCI runtime-spec, config.md, process). Undefined leaves what the
 * engine chose.
 */
export interface SecurityLabels {
  /** The name of an AppArmor profile. */
  readonly apparmor: string | undefined;
  /** A context of SELinux, user:role:type:level. */
  readonly selinux: string | undefined;
}

/** Each engine's own profile: Docker, nerdctl, Podman with its version, CRI-O, containerd's CRI. */
const engineProfile =
  /^(docker-default|nerdctl-default|containers-default(-.*)?|crio-default|cri-containerd\.apparmor\.d)$/;

/**
 * Whether a machine of profile `full` gets berth's AppArmor profile in place of this one: of an engine's own,
 * which forbid every mount, and of none at all. What the user has named stays, also `unconfined`.
 */
export function isReplaced(apparmor: string | undefined): boolean {
  return apparmor === undefined || apparmor === machineProfile || engineProfile.test(apparmor);
}

/** A machine's labels in place of those that it came with, and the warnings if the host cannot give them. */
export function contractLabels(
  profile: Profile,
  { lsm }: Pick<Host, "lsm">,
  asked: SecurityLabels = unlabelled,
): { readonly labels: SecurityLabels; readonly warnings: readonly string[] } {
  const refusal = lsm.profileRefusal;
  const isOurs = profile === "full" && lsm.apparmor && isReplaced(asked.apparmor);
  return {
    labels: {
      apparmor: profile === "full" ? apparmorOf(asked.apparmor, lsm) : undefined,
      selinux: selinuxOf(profile, asked.selinux, lsm),
    },
    warnings:
      isOurs && refusal !== undefined
        ? [`cannot load the AppArmor profile ${machineProfile}, the machine runs without one: ${refusal}`]
        : [],
  };
}

const unlabelled: SecurityLabels = { apparmor: undefined, selinux: undefined };

function apparmorOf(apparmor: string | undefined, lsm: Host["lsm"]): string | undefined {
  if (!isReplaced(apparmor)) return undefined;
  if (lsm.apparmor && lsm.profileRefusal === undefined) return machineProfile;
  return apparmor === undefined ? undefined : "unconfined";
}

/**
 * An init under the engine's own type may not write to its cgroups; under container_init_t it may, as Podman
 * has it. For containers in the machine it takes the mounts that container_engine_t has on top
 * (container-selinux, container.te). A type that the user named stays.
 */
function selinuxOf(profile: Profile, selinux: string | undefined, lsm: Host["lsm"]): string | undefined {
  if (profile === "privileged" || !selinux?.includes(":container_t:")) return undefined;
  const type = profile === "full" && lsm.hasEngineType === true ? "container_engine_t" : "container_init_t";
  return selinux.replace(":container_t:", `:${type}:`);
}

/** The context by which SELinux lets every container read a file, and none write to it. */
export const readOnlyContext = "system_u:object_r:container_ro_file_t:s0";

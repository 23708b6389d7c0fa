import type { HostSecurityModules } from "#contract/host.ts";
import { isReplaced, type SecurityLabels } from "#contract/security-labels.ts";
import { ensureProfile } from "#host/apparmor/machine-profile.ts";
import { mayMountUnder } from "#host/apparmor/mount-trial.ts";
import { isKnownContext } from "#host/selinux/contexts.ts";

/** What the security modules let a machine do. */
export interface ObservedModules extends HostSecurityModules {
  /** Undefined unless the user named an AppArmor profile. */
  readonly mayMount: boolean | undefined;
}

/**
 * Looks, for a machine that may become full, what the labels that it came with let it do; loads berth's
 * AppArmor profile where it is to replace the engine's.
 */
export function observeLabels(
  lsm: HostSecurityModules,
  labels: SecurityLabels | undefined,
  mayBeFull: boolean,
): ObservedModules {
  if (!mayBeFull) return { ...lsm, mayMount: undefined };
  const { apparmor, selinux } = labels ?? {};
  const isOurs = isReplaced(apparmor);
  return {
    ...lsm,
    profileRefusal: lsm.apparmor && isOurs ? ensureProfile() : undefined,
    hasEngineType:
      lsm.selinux &&
      selinux !== undefined &&
      isKnownContext(selinux.replace(":container_t:", ":container_engine_t:")),
    mayMount:
      apparmor === undefined || isOurs || apparmor === "unconfined" ? undefined : mayMountUnder(apparmor),
  };
}

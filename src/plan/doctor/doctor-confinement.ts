import { machineProfile } from "#contract/apparmor-profile.ts";
import { installHint } from "#linux/package.ts";
import { ok, warn } from "./check.ts";
import type { Check, EngineFacts, HostFacts } from "./doctor-facts.ts";

/** The checks of the security modules and of what they forbid; what is off or unreadable has none. */
export function checkConfinement(host: HostFacts, engine: EngineFacts | undefined): readonly Check[] {
  return [
    checkModules(host, engine),
    ...checkProfile(host),
    ...checkRestriction(host),
    ...checkLabels(host, engine),
  ];
}

/** Whether the engine gives its containers labels of SELinux; unknown for one that does not answer. */
const isLabelling = (engine: EngineFacts | undefined) =>
  engine?.securityOptions.some((option) => option.startsWith("name=selinux"));

function checkModules({ apparmor, selinux, selinuxManageCgroup }: HostFacts, engine?: EngineFacts): Check {
  const [id, title] = ["confinement", "AppArmor, SELinux"];
  // berth-runtime gives an init a type that may write to its cgroups.
  if (
    selinux &&
    selinuxManageCgroup === false &&
    engine?.runtime === undefined &&
    isLabelling(engine) !== false
  ) {
    const detail = "SELinux forbids containers their own cgroups: systemd may not boot";
    return warn(id, title, detail, "setsebool -P container_manage_cgroup on");
  }
  const on = [...(apparmor ? ["AppArmor"] : []), ...(selinux ? ["SELinux"] : [])];
  return ok(
    id,
    title,
    on.length > 0 ? `${on.join(" and ")} on` : "neither; only capabilities and seccomp confine machines",
  );
}

function loadingHint({ packageManager }: NonNullable<HostFacts["apparmorProfile"]>): string {
  const install = installHint("apparmor_parser", packageManager) ?? "Install AppArmor's tools.";
  return `${install} Then \`berth install runtime\`.`;
}

function checkProfile({ apparmor, apparmorProfile: profile }: HostFacts): readonly Check[] {
  if (!apparmor || profile === undefined) return [];
  const [id, title] = ["apparmor-profile", "AppArmor profile"];
  if (profile.loaded) return [ok(id, title, `${machineProfile} is loaded, for machines of profile "full"`)];
  if (profile.parser) return [ok(id, title, `the next machine of profile "full" loads ${machineProfile}`)];
  const detail =
    `${machineProfile} is not loaded, and apparmor_parser is not installed: ` +
    'machines of profile "full" run without an AppArmor profile';
  return [warn(id, title, detail, loadingHint(profile))];
}

function checkRestriction({ apparmorProfile: profile, restrictsUserns }: HostFacts): readonly Check[] {
  if (restrictsUserns !== true || profile === undefined) return [];
  const [id, title] = ["userns-restriction", "AppArmor's restriction of user namespaces"];
  if (profile.loaded || profile.parser)
    return [ok(id, title, `on; users in machines under ${machineProfile} may still create some`)];
  const detail = "on: in machines rootless Podman, bubblewrap and the sandboxes of browsers fail";
  return [warn(id, title, detail, loadingHint(profile))];
}

function checkLabels({ selinux }: HostFacts, engine: EngineFacts | undefined): readonly Check[] {
  if (!selinux || engine === undefined) return [];
  const [id, title] = ["selinux-labels", "SELinux labels"];
  if (isLabelling(engine) !== true) return [ok(id, title, "the engine gives containers none")];
  return [ok(id, title, "machines get container_engine_t or container_init_t; bound directories need :z")];
}

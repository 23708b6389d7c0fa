import { describe, expect, test } from "bun:test";
import { renderMachineProfile } from "./apparmor-profile.ts";

const text = renderMachineProfile({ abi: true });

test("names the rules that it is written in, where AppArmor's files have them", () => {
  expect(text).toContain("\nabi <abi/3.0>,\n");
  expect(renderMachineProfile({ abi: false })).not.toContain("\nabi ");
});

test("has a name and no path to attach to", () => {
  expect(text).toMatch(/^profile berth-machine flags=\(attach_disconnected,mediate_deleted\) \{$/m);
});

/** The paths that AppArmor's globs match, such as `/{,x/}[^ab]**` (apparmor.d(5)); enough of them for ours. */
function patternOf(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.]/g, "\\.")
    .replaceAll("**", "\u0000")
    .replaceAll("*", "[^/]*")
    .replaceAll("\u0000", ".*")
    .replaceAll("{", "(?:")
    .replaceAll("}", ")")
    .replaceAll(",", "|");
  return new RegExp(`^${source}$`);
}
const rules = [...text.matchAll(/^ {2}deny (\S+) (\w+),$/gm)].map(([, glob = "", access = ""]) => ({
  paths: patternOf(glob),
  access,
}));
const denies = (path: string, access: string) =>
  rules.some((rule) => rule.paths.test(path) && rule.access.includes(access));

describe("closes what Docker's profile closes of the host", () => {
  test.each([
    ["/proc/sysrq-trigger", "rw"],
    ["/proc/kcore", "rw"],
    ["/mnt/kcore", "r"],
    ["/proc/mtrr", "w"],
    ["/proc/irq/5/smp_affinity", "w"],
    ["/proc/pressure/memory", "w"],
    ["/proc/sys/vm/drop_caches", "w"],
    ["/proc/sys/fs/file-max", "w"],
    ["/proc/sys/fs/mount-max", "w"],
    ["/proc/sys/dev/cdrom/debug", "w"],
    ...[
      ...["core_pattern", "modprobe", "sysrq", "randomize_va_space", "kptr_restrict", "yama/ptrace_scope"],
      ...["panic", "panic_on_oops", "perf_event_paranoid", "poweroff_cmd", "printk", "dmesg_restrict"],
      ...["unprivileged_bpf_disabled", "kexec_load_disabled", "modules_disabled", "seccomp/actions_logged"],
    ].map((name) => [`/proc/sys/kernel/${name}`, "w"]),
    ["/sys/firmware/dmi/tables/DMI", "rw"],
    ["/sys/kernel/security/apparmor/profiles", "rw"],
    ["/sys/kernel/mm/ksm/run", "w"],
    ["/sys/devices/virtual/powercap/intel-rapl/energy_uj", "rw"],
    ["/sys/devices/system/cpu/cpu0/online", "w"],
    ["/sys/bus/pci/rescan", "w"],
    ["/sys/module/kvm/parameters/halt_poll_ns", "w"],
    ["/sys/power/state", "w"],
  ])("%s (%s)", (path, accesses) => {
    for (const access of accesses) expect(denies(path, access)).toBe(true);
  });
});

describe("leaves what a machine has of its own", () => {
  test.each([
    "/proc/1/oom_score_adj",
    "/proc/self/attr/exec",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sys/fs/mqueue/msg_max",
    ...["hostname", "domainname", "shmmax", "shm_rmid_forced", "msgmax", "sem", "pid_max", "ns_last_pid"].map(
      (name) => `/proc/sys/kernel/${name}`,
    ),
    "/sys/fs/cgroup/init.scope/cgroup.procs",
    "/sys/fs/fuse/connections/1/abort",
    "/sys/devices/virtual/net/br0/bridge/stp_state",
    "/sys/class/net/bonding_masters",
    "/etc/kcore.conf",
    "/usr/src/fs/proc/kcore.c",
    // As AppArmor sees /proc/sys by a handle that is mounted nowhere.
    "/sys/net/ipv4/ip_unprivileged_port_start",
    "/sys/kernel/shmmax",
    "/sys/fs/mqueue/msg_max",
    "/sys/user/max_net_namespaces",
  ])("%s", (path) => {
    for (const access of "rwklx") expect(denies(path, access)).toBe(false);
  });
});

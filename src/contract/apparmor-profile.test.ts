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
    // One letter at least, as the parser has it for what ends a path.
    .replace(/\/\*\*$/, "/.+")
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
    ["/sys/firmware/dmi/tables/DMI", "rw"],
    ["/sys/kernel/security/apparmor/profiles", "rw"],
    ["/sys/devices/virtual/powercap/intel-rapl/energy_uj", "rw"],
  ])("%s (%s)", (path, accesses) => {
    for (const access of accesses) expect(denies(path, access)).toBe(true);
  });

  const names = (directory: string, text: string) => text.split(" ").map((name) => `${directory}/${name}`);
  test.each([
    ...names(
      "/proc",
      "mtrr irq/5/smp_affinity pressure/memory dynamic_debug/control bus/pci/00/00.0 scsi/scsi acpi/wakeup",
    ),
    ...names(
      "/proc/sys",
      "vm/drop_caches abi/vsyscall32 debug/exception-trace dev/cdrom/debug sunrpc/nfs_debug",
    ),
    ...names(
      "/proc/sys/fs",
      "file-max mount-max inotify/max_user_watches aio-max-nr suid_dumpable protected_fifos",
    ),
    ...names(
      "/proc/sys/kernel",
      "acct acpi_video_flags apparmor_restrict_unprivileged_userns cad_pid core_pattern dmesg_restrict " +
        "firmware_config/force_sysfs_fallback hardlockup_panic hotplug hung_task_panic kexec_load_disabled " +
        "keys/maxkeys kptr_restrict max_lock_depth max_rcu_stall_to_panic modprobe modules_disabled " +
        "nmi_watchdog numa_balancing panic panic_on_oops perf_event_paranoid poweroff_cmd print-fatal-signals " +
        "printk pty/max random/write_wakeup_threshold randomize_va_space sched_rt_runtime_us " +
        "seccomp/actions_logged softlockup_panic split_lock_mitigate stack_tracer_enabled sysctl_writes_strict " +
        "sysrq threads-max unprivileged_bpf_disabled usermodehelper/bset watchdog yama/ptrace_scope",
    ),
    ...names("/sys", "block/sda/uevent bus/pci/rescan dev/cdrom/debug hypervisor/x module/kvm/parameters/x"),
    ...names("/sys", "power/state class/firmware/timeout class/zram-control/hot_add class/gpio/export"),
    ...names(
      "/sys/devices",
      "system/cpu/cpu0/online pci0000:00/0000:00:03.0/remove platform/x/driver_override pnp0/00:00/uevent " +
        "LNXSYSTM:00/LNXPWRBN:00/power/wakeup virtual/block/loop0/queue/scheduler virtual/tty/tty0/active " +
        "virtual/misc/kvm/uevent virtual/bdi/0:1/read_ahead_kb virtual/workqueue/cpumask breakpoint/uevent",
    ),
    ...names(
      "/sys/fs",
      "btrfs/features/x ext4/sda/x f2fs/x pstore/x resctrl/x selinux/load smackfs/load xfs/x",
    ),
    ...names(
      "/sys/kernel",
      "debug/x kexec_crash_size livepatch/x mm/ksm/run profiling rcu_expedited rcu_normal reboot/mode " +
        "slab/x tracing/x uevent_helper",
    ),
  ])("%s", (path) => expect(denies(path, "w")).toBe(true));
});

describe("leaves what a machine has of its own", () => {
  test.each([
    "/proc/1/oom_score_adj",
    "/proc/4242/attr/exec",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sys/fs/mqueue/msg_max",
    ...["hostname", "domainname", "shmmax", "shm_rmid_forced", "msgmax", "sem", "pid_max", "ns_last_pid"].map(
      (name) => `/proc/sys/kernel/${name}`,
    ),
    "/sys/fs/cgroup/init.scope/cgroup.procs",
    "/sys/fs/bpf/ip/globals",
    "/sys/fs/fuse/connections/1/abort",
    "/sys/devices/virtual/net/br0/bridge/stp_state",
    "/sys/class/net/bonding_masters",
    "/etc/kcore.conf",
    "/usr/src/fs/proc/kcore.c",
    // As AppArmor sees /proc/sys by a handle that is mounted nowhere.
    "/sys/net/ipv4/ip_unprivileged_port_start",
    "/sys/kernel/shmmax",
    "/sys/kernel/domainname",
    "/sys/fs/mqueue/msg_max",
    "/sys/user/max_net_namespaces",
    // What a container manager makes before it mounts there.
    ...["block", "bus", "class", "dev", "devices", "fs", "fs/cgroup", "kernel"].map(
      (name) => `/sys/${name}/`,
    ),
  ])("%s", (path) => {
    for (const access of "rwklx") expect(denies(path, access)).toBe(false);
  });
});

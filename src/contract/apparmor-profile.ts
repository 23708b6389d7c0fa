/** The AppArmor profile of machines with the profile `full`. */
export const machineProfile = "berth-machine";

export interface ProfileFacts {
  /** Whether AppArmor's own files name the rules of version 3.0 (/etc/apparmor.d/abi/3.0). */
  readonly abi: boolean;
}

/**
 * The profile's text (apparmor.d(5)). It allows what a system does in its own namespaces. Without any profile
 * the host's profiles would apply to the machine's programs by their paths, and where
 * kernel.apparmor_restrict_unprivileged_userns is on, its users could not make user namespaces. The rules of
 * 3.0 know no rule for these, so they are allowed; later rules also take `network` to exclude Unix sockets
 * (https://gitlab.com/apparmor/apparmor/-/issues/561).
 */
export function renderMachineProfile({ abi }: ProfileFacts): string {
  return `# Written by berth: what confines machines of profile "full".
${abi ? "abi <abi/3.0>,\n" : ""}
profile ${machineProfile} flags=(attach_disconnected,mediate_deleted) {
  capability,
  dbus,
  file,
  mount,
  network,
  pivot_root,
  ptrace,
  remount,
  signal,
  umount,
  unix,

${denied.map(({ why, rules }) => `  # ${why}\n${rules.map((rule) => `  deny ${rule},\n`).join("")}`).join("\n")}}
`;
}

/**
 * What Docker's own profile closes of the host, as a second lock: all of it belongs to the host's root, so the
 * user namespace closes it too, wherever a machine mounts proc and sysfs.
 */
const denied: readonly { readonly why: string; readonly rules: readonly string[] }[] = [
  {
    why: "The host's memory, and its emergency keys, by whatever mount of proc.",
    rules: ["/{,**/}kcore rwklx", "/{,**/}sysrq-trigger rwklx"],
  },
  {
    why: "Settings of the whole host, in /proc.",
    rules: [
      "/proc/* wkl",
      "/proc/{acpi,asound,bus,driver,fs,irq,pressure,scsi,tty}/** wklx",
      "/proc/sys/{abi,debug,dev,vm}/** wklx",
      // Not binfmt_misc and mqueue, which namespaces have of their own.
      "/proc/sys/fs/[^bm]** wklx",
      "/proc/sys/fs/mount-max wklx",
      // Not auto_msgmni, domainname, hostname, msg*, ns_last_pid, pid_max, sem* and shm*.
      "/proc/sys/kernel/[^adhmnps]** wklx",
      "/proc/sys/kernel/acct wklx",
      "/proc/sys/kernel/{dmesg_restrict,modprobe,modules_disabled,nmi_watchdog,numa_*} wklx",
      "/proc/sys/kernel/{panic*,perf_*,poweroff_cmd,print-fatal-signals,printk*,pty/**} wklx",
      "/proc/sys/kernel/{sched_*,seccomp/**,soft*,split_lock_mitigate,stack*,sysctl_*,sysrq} wklx",
    ],
  },
  {
    // runc's handle of /proc/sys shows its files as /sys/{fs,kernel,net,user}/… to AppArmor
    // (https://github.com/opencontainers/runc/issues/4968): close no such directory as a whole.
    why: "The host's devices, firmware and kernel, in /sys. Not the machine's own network devices and cgroups.",
    rules: [
      "/sys/{block,bus,hypervisor,module,power}/** wklx",
      "/sys/devices/system/** wklx",
      "/sys/devices/virtual/powercap/** rwklx",
      "/sys/firmware/** rwklx",
      "/sys/fs/{btrfs,ext4,f2fs,pstore,resctrl,selinux,smackfs}/** wklx",
      "/sys/kernel/{debug,livepatch,mm,slab,tracing}/** wklx",
      "/sys/kernel/security/** rwklx",
    ],
  },
];

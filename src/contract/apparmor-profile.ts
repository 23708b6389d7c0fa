import { allBut } from "#linux/apparmor-glob.ts";

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

${denied.map(renderDenied).join("\n")}}
`;
}

function renderDenied({ why, rules }: Denied): string {
  return `  # ${why}\n${rules.map((rule) => `  deny ${rule},\n`).join("")}`;
}

interface Denied {
  readonly why: string;
  readonly rules: readonly string[];
}

/**
 * What a machine has of its own in /proc/sys, by its namespaces. Only a kernel of 6.14 has `pid_max` for each
 * PID namespace; an earlier one lets the host's root alone set it.
 */
const ownSettings = {
  kernel: ["auto_msgmni", "domainname", "hostname", "msg", "ns_last_pid", "pid_max", "sem", "shm"],
  fs: ["binfmt_misc/", "mqueue/"],
  others: ["net/", "user/"],
} as const;

/** What a machine has of its own in /sys, or mounts there itself: the rest of its fs is the host's. */
const ownFileSystems = ["bpf/", "cgroup/", "fuse/"];

/**
 * What Docker's own profile closes of the host, as a second lock: all of it belongs to the host's root, so
 * the user namespace closes it too, wherever a machine mounts proc and sysfs.
 */
const denied: readonly Denied[] = [
  {
    why: "The host's memory, and its emergency keys, by whatever mount of proc.",
    rules: ["/{,**/}kcore rwklx", "/{,**/}sysrq-trigger rwklx"],
  },
  {
    why: "Settings of the whole host, in /proc: all but processes and what namespaces have of their own.",
    rules: [
      "/proc/* wkl",
      // Not processes, and not sys.
      "/proc/{[^1-9s],s[^ey]}*/** wklx",
      "/proc/sysvipc/** wklx",
      `/proc/sys/${allBut([...ownSettings.others, "fs/", "kernel/"])}** wklx`,
      `/proc/sys/fs/${allBut(ownSettings.fs)}** wklx`,
      `/proc/sys/kernel/${allBut(ownSettings.kernel)}** wklx`,
    ],
  },
  {
    // runc's handle of /proc/sys shows its files as /sys/{fs,kernel,net,user}/… to AppArmor
    // (https://github.com/opencontainers/runc/issues/4968): leave open there what is open in /proc/sys.
    why: "The host's devices, firmware and kernel, in /sys: all but its virtual network devices and cgroups.",
    rules: [
      // Not the directories themselves, which systemd-nspawn makes in a tmpfs of its own.
      `/sys/${allBut(["class", "devices", "fs", "kernel", "net", "user"])}*/** wklx`,
      `/sys/class/${allBut(["net/"])}** wklx`,
      `/sys/devices/${allBut(["virtual/net/"])}** wklx`,
      "/sys/devices/virtual/powercap/** rwklx",
      "/sys/firmware/** rwklx",
      `/sys/fs/${allBut([...ownSettings.fs, ...ownFileSystems])}** wklx`,
      `/sys/kernel/${allBut(ownSettings.kernel)}** wklx`,
      "/sys/kernel/security/** rwklx",
    ],
  },
];

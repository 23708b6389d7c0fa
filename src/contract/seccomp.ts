/**
 * System calls that systemd and its services need and that profiles of engines back to Docker 20.10 refuse.
 * None grants a process a right that it lacks: for each, the kernel checks the capabilities.
 */
export const systemCalls: readonly { readonly why: string; readonly names: readonly string[] }[] = [
  { why: "journald and systemd 256+ identify cgroups and mounts by handle", names: ["name_to_handle_at"] },
  {
    why: "newer than the oldest profiles; glibc and systemd use them and take EPERM for a real refusal",
    names: [
      "close_range",
      "epoll_pwait2",
      "faccessat2",
      "fchmodat2",
      "futex_waitv",
      "openat2",
      "pidfd_getfd",
      "pidfd_open",
      "pidfd_send_signal",
      "process_mrelease",
      "statx",
    ],
  },
  {
    why: "a service confines itself by Landlock",
    names: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"],
  },
];

/**
 * Further system calls of profile `full`. Engines grant most of them with CAP_SYS_ADMIN, which the machine
 * has over its own user namespace: the kernel limits each to what that namespace owns.
 */
export const fullSystemCalls: readonly { readonly why: string; readonly names: readonly string[] }[] = [
  {
    why:
      "services have their own mounts (ProtectSystem, PrivateTmp, DynamicUser), " +
      "admins mount, containers in the machine start",
    names: [
      ...["mount", "umount", "umount2", "pivot_root", "mount_setattr", "move_mount", "open_tree"],
      ...["fsopen", "fsconfig", "fsmount", "fspick"],
    ],
  },
  {
    why:
      "services and containers get their own namespaces; " + "glibc and systemd create processes by clone3",
    names: ["clone", "clone3", "setns", "unshare"],
  },
  { why: "hostnamectl and NIS", names: ["sethostname", "setdomainname"] },
  { why: "journald, udev and antivirus programs watch mounts of their own", names: ["fanotify_init"] },
  {
    why: "databases place their memory (CAP_SYS_NICE over their own processes)",
    names: ["get_mempolicy", "mbind", "set_mempolicy"],
  },
  {
    why: "strace, gdb and CRIU compare their own processes (CAP_SYS_PTRACE)",
    names: ["kcmp", "process_madvise"],
  },
];

/**
 * System calls between the newest one of old profiles and the newest one allowed above. The runtime returns
 * ENOSYS only above a profile's newest call, and EPERM below it
 * (https://github.com/opencontainers/runc/pull/2750); programs take EPERM for a refusal and do not fall back.
 * Also the calls of kernel keyrings (keyrings(7)), which profiles refuse with EPERM: container runtimes
 * inside a machine continue without a keyring only on ENOSYS (as in LXC's common.seccomp).
 */
export const unknownSystemCalls: readonly string[] = [
  "mount_setattr",
  "quotactl_fd",
  "memfd_secret",
  "set_mempolicy_home_node",
  "cachestat",
  ...["add_key", "keyctl", "request_key"],
];

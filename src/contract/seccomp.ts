/**
 * System calls which systemd and what it runs need and which the profiles of engines back to Docker 20.10 refuse.
 * None of them gives a process a right it lacks: each checks its own capabilities in the kernel.
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
  { why: "a service confines itself by Landlock", names: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"] },
];

/**
 * System calls between the newest that old profiles know and the newest allowed above. The real runtime answers ENOSYS
 * only above a profile's newest, and EPERM below it; programs take EPERM for a refusal and do not fall back.
 */
export const unknownSystemCalls: readonly string[] = [
  "mount_setattr",
  "quotactl_fd",
  "memfd_secret",
  "set_mempolicy_home_node",
  "cachestat",
];

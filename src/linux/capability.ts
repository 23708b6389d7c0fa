import { suggest } from "#suggest.ts";
import { usageError } from "#usage.ts";

/**
 * Every Linux capability in the kernel's order: the index is its number (capabilities(7),
 * linux/capability.h).
 */
export const capabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

export type Capability = (typeof capabilities)[number];

const known: ReadonlyMap<string, Capability> = new Map(capabilities.map((name) => [name, name]));

/** A capability by its canonical name; given with or without `CAP_`, in any letter case, with `-` for `_`. */
export function parseCapability(text: string): Capability {
  const name = text.trim().toUpperCase().replaceAll("-", "_");
  if (name === "ALL" || name === "CAP_ALL")
    throw usageError('invalid capability "ALL" (name each one, or choose the profile "privileged")');
  const canonical = name.startsWith("CAP_") ? name : `CAP_${name}`;
  const capability = known.get(canonical);
  if (capability === undefined) {
    throw usageError(
      `unknown capability "${text}" (example: NET_ADMIN)`,
      suggest(canonical, capabilities)?.slice(name === canonical ? 0 : 4),
    );
  }
  return capability;
}

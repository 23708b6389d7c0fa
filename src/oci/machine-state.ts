/*
 * A machine's state: the directory of small files that berth-runtime keeps for it from `create` to `delete`.
 * berth and the launcher, a shell script, both use it. This module defines its layout, and the launcher is
 * rendered from it.
 */

/** The states of a host: below it the real runtime's root, then the container's id. */
export const stateRoot = "/run/berth/runtime";

/** The socket of the process that serves all mirrors of a host; for root only. */
export const mirrorDirectory = "/run/berth/mirror";
export const mirrorSocket = `${mirrorDirectory}/socket`;

/**
 * The file that makes a directory a state: write it first and remove it last, so that an interrupted change
 * stays visible. Line 1 is the signal that shuts the machine down, line 2 the time of creation by a monotonic
 * clock.
 */
export const stateMark = "stop-signal";

/** All other files of a state; each may be missing. */
export const stateFile = {
  /** The capabilities that were asked for and that the host lacks, one a line. */
  lacking: "lacking",
  /** All capabilities of a machine in a user namespace, one a line. */
  capabilities: "capabilities",
  /** The first slot of ids and their number. */
  ids: "ids",
  /** Where the engine has mounted the machine's files. */
  root: "root",
  /** The bundle that its root may enter, and what it was before; only beside a mirror's plan. */
  bundle: "bundle",
  /** The plan of its mirror, as long as there is one. */
  mirror: "mirror",
  /** Its first process's number, and when that began (proc_pid_stat(5), field 22). */
  pid: "pid",
  /** Its cgroup of the freezer, and those in which it may set limits, one a line. */
  freezer: "freezer",
  limits: "limits",
  /** Its own cgroup in each hierarchy, one a line. */
  cgroups: "cgroups",
  /** The cgroup that its systemd makes for itself, on hosts with cgroup2 alone. */
  scope: "scope",
  /** Empty; its mounts are to be shared among its mount namespaces. */
  shared: "shared",
  /** The AppArmor profile and the SELinux label that its processes have instead of the engine's. */
  apparmor: "apparmor",
  selinux: "selinux",
  machineId: "machine-id",
  hostname: "hostname",
  /** The network namespace of another container that it joins. */
  network: "network",
} as const;

/** What the machine has in its /run/host, and the directory in its state that is mounted there. */
export const hostDirectory = "host";
export const hostFile = {
  manager: "container-manager",
  uuid: "container-uuid",
  osRelease: "os-release",
} as const;

/** The stage: the root and binds of a machine in a user namespace, until the runtime moves them. */
export const stageDirectory = "stage";

/**
 * The settle hook's arguments, in this order. A machine's config.json holds the arguments of the berth
 * version that created it: only append to this list.
 */
export const settleWords = [
  "stage",
  "base",
  "named",
  "unified",
  "domain",
  "controllers_at",
  "descendants",
  "depth",
  "access",
] as const;

export interface Settle extends Readonly<Record<(typeof settleWords)[number], string>> {
  /** The directory of the machine's mounts. */
  readonly stage: string;
  /** The host's id of the machine's root. */
  readonly base: string;
  /** Where the host has mounted systemd's own hierarchy and cgroup2; empty where it has not. */
  readonly named: string;
  readonly unified: string;
  /** Its NIS domain name; empty for none. */
  readonly domain: string;
  /** Where the host has mounted the controllers of v1 that the machine gets; empty for none. */
  readonly controllers_at: string;
  /** What to write into cgroup.max.descendants and cgroup.max.depth. */
  readonly descendants: string;
  readonly depth: string;
  /** Whether its root is read-only. */
  readonly access: "ro" | "rw";
}

/** The command of the settle hook. */
export function settleCommand(launcher: string, settle: Settle): readonly string[] {
  return [launcher, "settle", ...settleWords.map((word) => settle[word])];
}

/** A degradation of machines that the Engine API alone prepares, without berth-runtime. */
export const hiddenFiles = "mounts hide the image's files in /run and /tmp";
/** The same where the host has cgroup v1. */
export const visibleCgroups = "the machine sees the names of all cgroups of the host (read-only)";

/** How a machine runs, as far as it decides what the machine lacks. */
export interface MachineSetup {
  readonly berthRuntime: boolean;
  readonly privileged: boolean;
  /**
   * The host's number of the machine's user 0; undefined where it does not run, or that could not be seen.
   */
  readonly rootId: number | undefined;
  /** Whether it shares the host's cgroup namespace. */
  readonly hostCgroups: boolean;
  readonly terminal: boolean;
}

/** What a machine lacks, each one sentence for people. */
export function planDegradations({
  berthRuntime,
  privileged,
  rootId,
  hostCgroups,
  terminal,
}: MachineSetup): readonly string[] {
  return [
    ...(berthRuntime
      ? []
      : [
          `berth-runtime does not run it: ${hiddenFiles}; unsuitable systemd generators run at boot`,
          ...(hostCgroups ? [visibleCgroups] : []),
        ]),
    ...(privileged ? ["it is privileged: root in the machine is root on the host"] : []),
    ...(rootId === 0 && !privileged
      ? [
          "it has no user namespace: root in it is the host's user 0, " +
            "without most capabilities (profile strict)",
        ]
      : []),
    ...(terminal ? [] : ["it has no terminal: no console and no logged boot messages"]),
  ];
}

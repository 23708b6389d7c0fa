/** What is outside: the facts of the machine that runs the engine. */
export interface Host {
  readonly cgroup: HostCgroup;
  /** The capability bounding set of the runtime's own process, canonical names (`CAP_SYS_ADMIN`); undefined when it cannot be known. */
  readonly capabilities: ReadonlySet<string> | undefined;
  readonly lsm: { readonly apparmor: boolean; readonly selinux: boolean };
  /** Names of the directories in /proc/sys. */
  readonly sysctlDirectories: readonly string[];
  /** `[major, minor]` of the kernel. */
  readonly kernel: readonly [number, number];
}

export interface HostCgroup {
  /** v1 has no cgroup2 mount at all, hybrid has one beside the v1 controllers, v2 has nothing else (cgroups(7)). */
  readonly layout: "v1" | "hybrid" | "v2";
  /** Where the v1 hierarchy `name=systemd` is mounted. */
  readonly named: string | undefined;
  /** Where cgroup2 is mounted. */
  readonly unified: string | undefined;
  /** cgroup2's mount option; without it the root of a machine can raise the machine's own limits. */
  readonly nsdelegate: boolean;
}

/**
 * The layout that /proc/self/mountinfo shows (proc_pid_mountinfo(5)); undefined when no cgroup file system can be seen.
 * Mounts are listed in the order they were made: a later one hides the earlier ones at and below its place.
 */
export function parseCgroupLayout(mountinfo: string): HostCgroup | undefined {
  let visible: readonly CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const mount = parseMountLine(line);
    if (mount === undefined) continue;
    const below = mount.point === "/" ? "/" : `${mount.point}/`;
    visible = visible.filter((earlier) => earlier.point !== mount.point && !earlier.point.startsWith(below));
    if (mount.type === "cgroup" || mount.type === "cgroup2") visible = [...visible, mount];
  }
  if (visible.length === 0) return undefined;
  const unified = visible.find((mount) => mount.type === "cgroup2");
  const named = visible.find((mount) => mount.options.includes("name=systemd"));
  return {
    layout: unified === undefined ? "v1" : visible.some((mount) => mount.type === "cgroup") ? "hybrid" : "v2",
    named: named?.point,
    unified: unified?.point,
    nsdelegate: unified?.options.includes("nsdelegate") ?? false,
  };
}

interface CgroupMount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMountLine(line: string): CgroupMount | undefined {
  const [mount, filesystem] = line.split(" - ");
  const point = mount?.split(" ")[4];
  const [type, , options = ""] = filesystem?.split(" ") ?? [];
  return point === undefined || type === undefined ? undefined : { point, type, options: options.split(",") };
}

/** The set of capability names in a hexadecimal mask as /proc/PID/status prints it. */
export function parseCapabilityMask(hex: string, names: readonly string[]): ReadonlySet<string> {
  const mask = BigInt(`0x${hex}`);
  return new Set(names.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n));
}

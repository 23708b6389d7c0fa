import { type MountEntry, parseMountinfo, pointOf } from "#linux/mountinfo.ts";
import type { LxcfsOffer } from "./lxcfs.ts";

/** What is outside: the facts of the machine that runs the engine. */
export interface Host {
  readonly cgroup: HostCgroup;
  /**
   * The capability bounding set of the runtime's own process, canonical names (`CAP_SYS_ADMIN`); undefined
   * when it cannot be known.
   */
  readonly capabilities: ReadonlySet<string> | undefined;
  /**
   * Whether it can make user namespaces of any ids; `nested` when it has only some itself
   * (user_namespaces(7)).
   */
  readonly userNamespaces: "free" | "nested" | "off";
  readonly lsm: HostSecurityModules;
  /** Names of the directories in /proc/sys. */
  readonly sysctlDirectories: readonly string[];
  /** lxcfs and what it offers, where it runs; read only for a machine that asks for it. */
  readonly lxcfs?: LxcfsOffer | undefined;
  /** All of its memory, bytes. */
  readonly memory: number;
  /** Whether it has FUSE (fuse(4)); undefined where that is not known. */
  readonly fuse?: boolean | undefined;
  /** `[major, minor]` of the kernel. */
  readonly kernel: readonly [number, number];
  /** Whether overlayfs takes layers with mapped ids, where an attempt has shown that (`mustTryLayers`). */
  readonly mapsLayers?: boolean | undefined;
  /** What prevents a mount of procfs in a user namespace (`parseProcCover`). */
  readonly procCover?: string | undefined;
}

/** The security modules that are on, and what they know of machines. */
export interface HostSecurityModules {
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** Why berth's AppArmor profile is not loaded; undefined where it is, or has not been looked for. */
  readonly profileRefusal?: string | undefined;
  /** Whether SELinux's policy has the type container_engine_t. */
  readonly hasEngineType?: boolean | undefined;
}

export interface HostCgroup {
  /**
   * v2 has cgroup2 at /sys/fs/cgroup itself, hybrid has it at /sys/fs/cgroup/unified beside the v1
   * controllers, v1 at neither place. Runtimes and systemd look nowhere else, and a v1 hierarchy mounted
   * besides does not change what they see.
   */
  readonly layout: "v1" | "hybrid" | "v2";
  /** Where the v1 hierarchy `name=systemd` is mounted. */
  readonly named: string | undefined;
  /** Where cgroup2 is mounted, of those two places. */
  readonly unified: string | undefined;
  /** cgroup2's mount option; without it the root of a machine can raise the machine's own limits. */
  readonly nsdelegate: boolean;
}

/**
 * The layout that /proc/self/mountinfo shows (proc_pid_mountinfo(5)); undefined when no cgroup file system
 * can be seen. Only mounts that their own path reaches count: others lie hidden below later ones. The order
 * of the lines does not tell them, since a root that an initrd switched to is listed after what was moved
 * into it.
 */
export function parseCgroupLayout(mountinfo: string): HostCgroup | undefined {
  const mounts = parseMountinfo(mountinfo, (line) => isOnTheWay(pointOf(line)));
  const listed = new Set(mounts.map((mount) => mount.id));
  const isTop = (mount: MountEntry) => mount.parent === mount.id || !listed.has(mount.parent);
  const byPlace = new Map(
    mounts.map((mount) => [place(isTop(mount) ? outside : mount.parent, mount.point), mount]),
  );
  const visible = mounts.filter(
    (mount) => mount.type.startsWith("cgroup") && mountAt(mount.point, byPlace) === mount,
  );
  if (visible.length === 0) return undefined;
  const cgroup2At = (point: string) =>
    visible.find((mount) => mount.type === "cgroup2" && mount.point === point);
  const whole = cgroup2At("/sys/fs/cgroup");
  const unified = whole ?? cgroup2At("/sys/fs/cgroup/unified");
  return {
    layout: unified === undefined ? "v1" : whole === undefined ? "hybrid" : "v2",
    named: visible.find((mount) => mount.options.split(",").includes("name=systemd"))?.point,
    unified: unified?.point,
    nsdelegate: unified?.options.split(",").includes("nsdelegate") ?? false,
  };
}

const cgroupRoot = "/sys/fs/cgroup";
const onTheWay: readonly string[] = ["/", "/sys", "/sys/fs", cgroupRoot];

/** Whether a mount point is on the way to /sys/fs/cgroup, there, or below. */
const isOnTheWay = (point: string) => onTheWay.includes(point) || point.startsWith(`${cgroupRoot}/`);

/** Stands for the parent of the topmost mounts, which is outside of what the process can see. */
const outside = "";
const place = (parent: number | typeof outside, point: string) => `${parent} ${point}`;

/**
 * The mount that a path below /sys/fs/cgroup leads to: at each directory on the way whatever is mounted
 * there, and then over that.
 */
function mountAt(path: string, byPlace: ReadonlyMap<string, MountEntry>): MountEntry | undefined {
  let mount: MountEntry | undefined;
  for (const directory of onTheWay.includes(path)
    ? onTheWay.slice(0, onTheWay.indexOf(path) + 1)
    : [...onTheWay, path]) {
    let over = byPlace.get(place(mount?.id ?? outside, directory));
    while (over !== undefined) {
      mount = over;
      over = byPlace.get(place(over.id, directory));
    }
  }
  return mount;
}

/** The set of capability names in a hexadecimal mask as /proc/PID/status prints it. */
export function parseCapabilityMask(hex: string, names: readonly string[]): ReadonlySet<string> {
  const mask = BigInt(`0x${hex}`);
  return new Set(names.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n));
}

import { BerthError } from "#errors.ts";
import { isRootsFuse } from "#linux/fuse-mount.ts";
import { type MountEntry, mayBeOf, parseMountinfo, pointOf } from "#linux/mountinfo.ts";

/** lxcfs as it is mounted on the engine's host. */
export interface HostLxcfs {
  /** Where, such as /var/lib/lxcfs. */
  readonly directory: string;
  /** The number of its file system, `major:minor`: every start of lxcfs has another. */
  readonly device: string;
}

/** A mount of lxcfs as mountinfo names it. */
export interface LxcfsMount extends HostLxcfs {
  readonly id: number;
}

/** The same with the files it offers, of those that `lxcfsFiles` names. */
export interface LxcfsOffer extends HostLxcfs {
  readonly files: readonly string[];
}

/** A file of lxcfs that covers the kernel's own. */
export interface LxcfsBind {
  readonly source: string;
  readonly target: string;
}

/**
 * Files of lxcfs that show the machine instead of its host (lxcfs(1)): memory and swap, processors, uptime,
 * load, and the I/O of its own cgroup. The OCI runtimes allow a mount over each.
 */
export const lxcfsFiles: readonly string[] = [
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/uptime",
  "/sys/devices/system/cpu/online",
];

/**
 * The lxcfs that a mountinfo (proc_pid_mountinfo(5)) shows and root has mounted; where there are several the
 * last comes first.
 */
export function parseLxcfs(mountinfo: string): readonly LxcfsMount[] {
  return lxcfsMounts(mountinfo)
    .filter(({ root }) => root === "/")
    .map(({ id, point, device }) => ({ id, directory: point, device }))
    .toReversed();
}

/**
 * The mounts of the files that the host's lxcfs offers, for a machine that requests lxcfs. Throws
 * `host-unfit` without lxcfs, and without berth-runtime to mount it.
 */
export function contractLxcfs(
  lxcfs: LxcfsOffer | undefined,
  applied: "runtime" | "api",
): readonly LxcfsBind[] {
  if (applied === "api") {
    throw new BerthError("host-unfit", "lxcfs needs berth-runtime, which this engine does not have", {
      hint: "run `berth install runtime` on the engine's host, or omit lxcfs",
    });
  }
  if (lxcfs === undefined || lxcfs.files.length === 0) {
    throw new BerthError("host-unfit", "lxcfs does not run on this host", {
      hint: "start it (apt-get install lxcfs; systemctl start lxcfs), or omit lxcfs",
    });
  }
  return lxcfs.files.map((file) => ({ source: lxcfs.directory + file, target: file }));
}

/** A mount in a machine of a file of another lxcfs than the one that runs now. */
export interface StaleMount {
  readonly id: number;
  /** Both its place in the machine and its path in lxcfs. */
  readonly file: string;
}

/**
 * berth-runtime's own mount at /run/host, which tells machines from other containers with lxcfs, such as
 * LXC's.
 */
const hasMachinesMount = (mountinfo: string): boolean =>
  parseMountinfo(mountinfo, (line) => line.includes(` ${markPoint} `) && pointOf(line) === markPoint).some(
    // In full from the machine's stage, else from its state.
    ({ root }) => root === "/own/host" || (root.endsWith("/host") && root.includes("/berth/runtime/")),
  );

const markPoint = "/run/host";

/**
 * A machine's lxcfs mounts, by its mountinfo, that belong to another lxcfs than the one with this device.
 * Once that lxcfs has ended, they fail with "Transport endpoint is not connected". Empty for containers other
 * than berth-runtime's machines.
 */
export function staleLxcfsMounts(mountinfo: string, device: string): readonly StaleMount[] {
  if (!hasMachinesMount(mountinfo)) return [];
  const isHidden = hidden(mountinfo);
  return lxcfsMounts(mountinfo)
    .filter(
      (mount) => mount.device !== device && mount.root === mount.point && lxcfsFiles.includes(mount.point),
    )
    .filter((mount) => !isHidden(mount))
    .map(({ id, point }) => ({ id, file: point }));
}

/**
 * Whether another mount covers the mount that contains this one's mount point, so that no path reaches it.
 * Several mounts may be stacked at the mount point itself. That happens if two mount namespaces, one of which
 * propagates to the other, renew lxcfs at the same time.
 */
function hidden(mountinfo: string): (mount: MountEntry) => boolean {
  const mounts = new Map(parseMountinfo(mountinfo).map((mount) => [mount.id, mount]));
  const covered = new Set(
    [...mounts.values()].flatMap(({ parent, point }) =>
      mounts.get(parent)?.point === point ? [parent] : [],
    ),
  );
  /** For each mount in a stack at one place, the mount that contains the stack's lowest one. */
  const foundations = new Map<number, number>();
  return ({ parent, point }) => {
    const passed: number[] = [];
    let below = parent;
    for (let mount = mounts.get(below); mount?.point === point; mount = mounts.get(below)) {
      passed.push(below);
      below = foundations.get(below) ?? mount.parent;
    }
    for (const id of passed) foundations.set(id, below);
    return covered.has(below);
  };
}

/** The mounts of root's lxcfs. Ignore those that another user has mounted under lxcfs's name. */
const lxcfsMounts = (mountinfo: string): readonly MountEntry[] =>
  parseMountinfo(mountinfo, mayBeOf("fuse.lxcfs ")).filter(({ options }) => isRootsFuse(options));

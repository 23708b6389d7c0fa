import { BerthError } from "../errors.ts";
import { unescapeMount } from "./mount-escape.ts";

/** lxcfs as it is mounted on the engine's host. */
export interface HostLxcfs {
  /** Where, such as /var/lib/lxcfs. */
  readonly directory: string;
  /** The number of its file system, `major:minor`: every start of lxcfs has another. */
  readonly device: string;
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
 * What lxcfs shows of a machine instead of its host (lxcfs(1), and the files below its directory): memory and swap,
 * processors, age, load, and the I/O of its own cgroup. Each is a place where the OCI runtimes allow a mount.
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

/** The lxcfs that a mountinfo (proc_pid_mountinfo(5)) shows; the one mounted last where there are several. */
export function parseLxcfs(mountinfo: string): HostLxcfs | undefined {
  const mount = lxcfsMounts(mountinfo).findLast(({ root }) => root === "/");
  return mount && { directory: mount.point, device: mount.device };
}

/**
 * The mounts by which a machine that asked for lxcfs sees itself, of the files that the host's lxcfs offers. Throws
 * `host-unfit` where there is no lxcfs, and where there is no berth-runtime to mount it.
 */
export function contractLxcfs(lxcfs: LxcfsOffer | undefined, applied: "runtime" | "api"): readonly LxcfsBind[] {
  if (applied === "api") {
    throw new BerthError("host-unfit", "lxcfs takes berth-runtime, which this engine does not know", {
      hint: "run `berth install runtime` on the engine's host, or leave lxcfs out",
    });
  }
  if (lxcfs === undefined || lxcfs.files.length === 0) {
    throw new BerthError("host-unfit", "the machine is to have lxcfs, and on this host it does not run", {
      hint: "apt-get install lxcfs; systemctl start lxcfs",
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

/** berth-runtime's own mount at /run/host, which tells machines from other containers with lxcfs, such as LXC's. */
const ofMachine = /^\d+ \d+ \S+ \S*\/berth\/runtime\/\S+\/host \/run\/host /m;

/**
 * Which mounts of lxcfs a machine has, by its mountinfo, that are not of the lxcfs with this device: when theirs has ended,
 * they answer "Transport endpoint is not connected" for ever. None for what is not a machine of berth-runtime.
 */
export function staleLxcfsMounts(mountinfo: string, device: string): readonly StaleMount[] {
  if (!ofMachine.test(mountinfo)) return [];
  const covered = coveredMounts(mountinfo);
  return lxcfsMounts(mountinfo)
    .filter((mount) => !covered.has(mount.parent))
    .filter((mount) => mount.device !== device && mount.root === mount.point && lxcfsFiles.includes(mount.point))
    .map(({ id, point }) => ({ id, file: point }));
}

/** Mounts with another over all of them: nothing in them is to be seen, nor to be reached. */
function coveredMounts(mountinfo: string): ReadonlySet<string> {
  const lines = mountinfo.split("\n").map((line) => line.split(" "));
  const points = new Map(lines.map(([id = "", , , , point]) => [id, point]));
  return new Set(lines.flatMap(([, parent = "", , , point]) => (points.get(parent) === point ? [parent] : [])));
}

interface LxcfsMount {
  readonly id: number;
  readonly parent: string;
  readonly device: string;
  readonly root: string;
  readonly point: string;
}

function lxcfsMounts(mountinfo: string): readonly LxcfsMount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [id, parent, device, root, point] = line.split(" ");
    if (!line.includes(" - fuse.lxcfs ") || parent === undefined || device === undefined || root === undefined || point === undefined)
      return [];
    return [{ id: Number(id), parent, device, root, point: unescapeMount(point) }];
  });
}

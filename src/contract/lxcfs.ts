import { BerthError } from "../errors.ts";
import { isRootsFuse } from "./fuse-mount.ts";
import { unescapeMount } from "./mount-escape.ts";

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

/** The lxcfs that a mountinfo (proc_pid_mountinfo(5)) shows and root has mounted; where there are several the last comes first. */
export function parseLxcfs(mountinfo: string): readonly LxcfsMount[] {
  return lxcfsMounts(mountinfo)
    .filter(({ root }) => root === "/")
    .map(({ id, point, device }) => ({ id, directory: point, device }))
    .toReversed();
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
function isMachines(line: string): boolean {
  if (!line.includes(" /run/host ")) return false;
  const [, , , root = "", point] = line.split(" ", 5);
  return point === "/run/host" && root.endsWith("/host") && root.includes("/berth/runtime/");
}

/**
 * Which mounts of lxcfs a machine has, by its mountinfo, that are not of the lxcfs with this device: when theirs has ended,
 * they answer "Transport endpoint is not connected" for ever. None for what is not a machine of berth-runtime.
 */
export function staleLxcfsMounts(mountinfo: string, device: string): readonly StaleMount[] {
  if (!mountinfo.split("\n").some(isMachines)) return [];
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

interface MountOfLxcfs {
  readonly id: number;
  readonly parent: string;
  readonly device: string;
  readonly root: string;
  readonly point: string;
}

/** Those that root answers for: what another user has mounted under lxcfs's name is none. */
function lxcfsMounts(mountinfo: string): readonly MountOfLxcfs[] {
  return mountinfo.split("\n").flatMap((line) => {
    if (!line.includes(" - fuse.lxcfs ")) return [];
    const fields = line.split(" ");
    const [id = "", parent = "", device = "", root = "", point = ""] = fields;
    if (!isRootsFuse(fields[fields.indexOf("-") + 3] ?? "")) return [];
    return [{ id: Number(id), parent, device, root, point: unescapeMount(point) }];
  });
}

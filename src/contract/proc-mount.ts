import { parseMountinfo, pointOf } from "#linux/mountinfo.ts";
import { isAt } from "#linux/path.ts";

/**
 * Directories of procfs that the kernel keeps empty for other file systems, with one processor or driver or
 * another (proc_create_mount_point() and register_sysctl_mount_point()): what is mounted there hides nothing.
 */
const meantForMounts = ["sys/fs/binfmt_misc", "fs/nfsd", "xen", "openprom"];

/**
 * What prevents a mount of procfs in a new user namespace, by the mountinfo (proc_pid_mountinfo(5)) of the
 * mount namespace that a machine's is made of: the point of a mount over some of it, or of a read-only
 * procfs. Undefined if one procfs is whole, and where none is in sight (chroot(2)).
 *
 * The kernel allows the new one only what an old one shows already: mount_too_revealing() in fs/namespace.c,
 * mount_namespaces(7).
 */
export function parseProcCover(mountinfo: string): string | undefined {
  const whole = parseMountinfo(mountinfo, (line) => line.includes(" - proc ")).filter(
    ({ root }) => root === "/",
  );
  const points = whole.map(({ point }) => point);
  const below = parseMountinfo(mountinfo, (line) =>
    points.some((point) => line.includes(point) && isAt(point, pointOf(line))),
  );
  const covers = whole.map((proc) => {
    if (proc.mountOptions.split(",").includes("ro")) return proc.point;
    return below.find(
      ({ parent, point }) =>
        parent === proc.id && !meantForMounts.includes(point.slice(proc.point.length + 1)),
    )?.point;
  });
  return covers.includes(undefined) ? undefined : covers.at(-1);
}

import { mayBeOf, parseMountinfo } from "./mountinfo.ts";

/*
 * fusermount3(1) lets every user mount a FUSE in their own directories, under any name and type (`subtype=`),
 * and delay its answers forever. Only the options user_id and group_id, which the kernel sets, show its owner
 * (Documentation/filesystems/fuse.rst).
 */

/** A FUSE mount of another user than root. */
export interface OthersFuse {
  readonly id: number;
  readonly point: string;
  /** The uid of its owner; NaN if unknown. */
  readonly user: number;
}

/**
 * The FUSE mounts of users other than root in a mountinfo (proc_pid_mountinfo(5)). Accessing one may block
 * forever.
 */
export function parseOthersFuse(mountinfo: string): readonly OthersFuse[] {
  return parseMountinfo(mountinfo, mayBeOf("fuse")).flatMap(({ id, point, type, options }) =>
    !/^fuse(blk)?(\.|$)/.test(type) || isRootsFuse(options) ? [] : [{ id, point, user: userOf(options) }],
  );
}

function userOf(options: string): number {
  const users = new Set(
    options.split(",").flatMap((option) => (option.startsWith("user_id=") ? [option.slice(8)] : [])),
  );
  const [user = ""] = users;
  return users.size === 1 && /^\d+$/.test(user) ? Number(user) : Number.NaN;
}

/** Whether it is root's, by its file system's own options as mountinfo has them. */
export function isRootsFuse(options: string): boolean {
  const values = options.split(",");
  return ["user_id=", "group_id="].every((name) => {
    const ids = values.filter((value) => value.startsWith(name));
    return ids.length > 0 && ids.every((value) => value === `${name}0`);
  });
}

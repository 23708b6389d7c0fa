import { mayBeOf, parseMountinfo } from "./mountinfo.ts";

/*
 * Every user of a host may mount a FUSE by fusermount3(1), at a directory of their own, under any name and
 * any kind (`subtype=`), and answer what they like or never. Whose a mount is the kernel says itself, by the
 * options user_id and group_id, which nobody chooses (Documentation/filesystems/fuse.rst).
 */

/** A mount that another user than root answers for. */
export interface OthersFuse {
  readonly id: number;
  readonly point: string;
  /** Whose it is; NaN where that is not told. */
  readonly user: number;
}

/**
 * The mounts in a mountinfo (proc_pid_mountinfo(5)) that other users than root answer for: whoever looks into
 * one may wait for ever.
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

import { parseMountinfo, pointOf } from "#linux/mountinfo.ts";
import { isAt, parentOf } from "#linux/path.ts";

/** One file or directory on the way to another, which is the last. */
export interface PathStep {
  readonly path: string;
  /** `fuse`: the root of another user's FUSE, with that user's uid (NaN: unknown). Do not stat it. */
  readonly kind: "directory" | "link" | "file" | "fuse";
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, with set-uid, set-gid and sticky: chmod(2). */
  readonly mode: number;
  /**
   * Whether an access control list gives rights to others besides, known where the group's bits, which are
   * its mask (acl(5)), matter.
   */
  readonly hasAccessList: () => boolean;
  /**
   * The users in its group (NaN: one without a known number). Only called if that group may be a user's own.
   */
  readonly groupUsers: () => readonly number[];
}

/** Where an absolute path leads. */
export interface Way {
  /**
   * All that it leads through, in order and to its end: links, what they lead through, and links of that,
   * too.
   */
  readonly steps: readonly PathStep[];
  /** The directories of it without links, from / to its end, which is the last: what it resolves to. */
  readonly real: readonly PathStep[];
  /**
   * `missing`: the next step does not exist, or this user may not see it. `unseen`: the last step is a
   * `fuse`, which berth does not examine. `too-long`: the path has more components than berth examines.
   */
  readonly end: "there" | "missing" | "unseen" | "too-long";
}

/**
 * Why users other than the trusted ones control the end of a path: they own a step of it or may write to it.
 * Undefined if they do not. In a sticky directory any user may create files, but not replace another user's.
 */
export function replaceFault(steps: readonly PathStep[], trusted: ReadonlySet<number>): string | undefined {
  for (const step of steps) {
    const { path, kind, uid, mode } = step;
    if (kind === "fuse")
      return `${path} is a file system of ${Number.isNaN(uid) ? "another user" : `the user ${uid}`}'s (FUSE)`;
    const fault = ownerFault(step, trusted);
    if (fault !== undefined) return fault;
    const isSticky = kind === "directory" && (mode & 0o1000) !== 0;
    if (kind === "link" || isSticky) continue;
    if ((mode & 0o002) !== 0) return `any user may write to ${path}`;
    const byGroup = (mode & 0o020) === 0 ? undefined : groupFault(step, trusted);
    if (byGroup !== undefined) return byGroup;
  }
  return undefined;
}

/**
 * The same for a file that berth found by its name, without a request to use it. Into an open sticky
 * directory any user may move a trusted user's file or link from a directory that this user controls, without
 * rights over the file itself (rename(2)). Moving a directory needs write permission on it.
 */
export function foundFault(steps: readonly PathStep[], trusted: ReadonlySet<number>): string | undefined {
  const fault = replaceFault(steps, trusted);
  if (fault !== undefined) return fault;
  const open = new Set(steps.flatMap((step) => (isOpenAndSticky(step, trusted) ? [step.path] : [])));
  const moved = steps.find(({ path, kind }) => kind !== "directory" && open.has(parentOf(path)));
  return moved && `other users may move a ${moved.kind} of yours into ${parentOf(moved.path)}`;
}

/** The fault of a path with more components than berth examines. */
export const tooLong = "the path, with its symbolic links resolved, has too many components";

/**
 * As `replaceFault`, but for the path's target: who controls the directories and links on the way, not who
 * may write to the target. Users who may write to the target's future directory can create a missing target.
 */
export function swapFault({ steps, real, end }: Way, trusted: ReadonlySet<number>): string | undefined {
  if (end === "too-long") return tooLong;
  const [parent, last] = [real.at(-2), real.at(-1)];
  if (end === "unseen" || last === undefined) return replaceFault(steps, trusted);
  // A sticky directory does not prevent the creation of new files.
  if (end === "missing") return replaceFault([...steps, { ...last, mode: last.mode & 0o777 }], trusted);
  const above = steps.at(-1)?.path === last.path ? steps.slice(0, -1) : steps;
  // Nor does it prevent an owner from renaming a file.
  return (
    replaceFault(above, trusted) ?? (isOpenAndSticky(parent, trusted) ? ownerFault(last, trusted) : undefined)
  );
}

/**
 * Whether other users can traverse the whole path: then they can reach a set-uid program or device node at
 * its end. `steps` are the resolved directories.
 */
export function othersReach(steps: readonly PathStep[], trusted: ReadonlySet<number>): boolean {
  return steps.every((step) => {
    const { uid, mode } = step;
    const groupWalks = (mode & 0o010) !== 0 && groupFault(step, trusted) !== undefined;
    return (mode & 0o001) !== 0 || groupWalks || ((mode & 0o100) !== 0 && !trusted.has(uid));
  });
}

function ownerFault({ path, uid }: PathStep, trusted: ReadonlySet<number>): string | undefined {
  return trusted.has(uid) ? undefined : `${path} belongs to the user ${uid}`;
}

function isOpenAndSticky(step: PathStep | undefined, trusted: ReadonlySet<number>): boolean {
  if (step?.kind !== "directory" || (step.mode & 0o1000) === 0) return false;
  return (step.mode & 0o002) !== 0 || ((step.mode & 0o020) !== 0 && groupFault(step, trusted) !== undefined);
}

/** The risk of a folder that others can reach and a machine's root may write to, one sentence. */
export function reachedByOthers(folder: string): string {
  return (
    `other users of the host can reach ${folder}: ` +
    "set-uid programs and device nodes that the machine's root makes there work for them."
  );
}

/** The risk of a path that others control (`swapFault`) for a machine that gets its target, one sentence. */
export function swappedByOthers(source: string, fault: string): string {
  return (
    `another user can redirect ${source} to any directory of the host, ` +
    `which the machine gets at its next start: ${fault}.`
  );
}

/** The risk of a machine file that a machine may write to, one sentence. */
export function writtenByMachines(file: string, source: string, machines: readonly string[]): string {
  return (
    `root in ${machines.join(", ")} can write ${file} by the bind of ${source}, ` +
    "and so control what the next `berth up` does to this host."
  );
}

/**
 * Whether set-uid programs and device nodes work at a path without links, by mountinfo
 * (proc_pid_mountinfo(5)).
 */
export function grantsRoot(mountinfo: string, path: string): boolean {
  const above = parseMountinfo(mountinfo, (line) => isAt(pointOf(line), path));
  // Of two at one place the later covers the earlier.
  const nearest = above.toSorted((one, other) => one.point.length - other.point.length).at(-1);
  const options = nearest?.mountOptions.split(",") ?? [];
  return !(options.includes("nosuid") && options.includes("nodev"));
}

/**
 * The other users who have a group's permissions. Root's group, and a group with its user's number
 * (pam_umask(8), usergroups), belong to these users unless they have other members.
 */
function groupFault(
  { path, uid, gid, groupUsers, hasAccessList }: PathStep,
  trusted: ReadonlySet<number>,
): string | undefined {
  if (gid !== 0 && gid !== uid) return `the group ${gid} may write to ${path}`;
  const other = groupUsers().find((user) => !trusted.has(user));
  if (other !== undefined) {
    const user = Number.isNaN(other) ? "another user" : `the user ${other}`;
    return `${user} is in the group ${gid}, which may write to ${path} (remove that: chmod g-w)`;
  }
  return hasAccessList()
    ? `an access control list lets others write to ${path} (remove it: setfacl -b)`
    : undefined;
}

import { parseMountinfo, pointOf } from "#linux/mountinfo.ts";
import { isAt, parentOf } from "#linux/path.ts";

/** One file or directory on the way to another, which is the last. */
export interface PathStep {
  readonly path: string;
  /**
   * `fuse`: the root of a FUSE that another user answers for, whose uid that is (NaN: not known). What it
   * says of itself is not asked.
   */
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
   * The users who have its group (NaN: one whose number is not known); asked only where that may be
   * somebody's own.
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
   * `missing`: beyond the last step nothing is there, or nothing that this user may see. `unseen`: that is a
   * `fuse`, and is not looked into. `too-long`: it goes on, over more names than are looked at.
   */
  readonly end: "there" | "missing" | "unseen" | "too-long";
}

/**
 * Why somebody else than the trusted users decides what lies at the end of a way: who owns a step of it, or
 * may write to it. Undefined where nobody else does. In a sticky directory everybody may make files, but
 * nobody replace another's.
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
 * The same of a file that nobody has named, but that was found by its name. Into an open sticky directory
 * everybody may move a file or a link of the trusted users' own, wherever he has it: that takes no right over
 * what is moved (rename(2)). A directory is moved by who may write to it.
 */
export function foundFault(steps: readonly PathStep[], trusted: ReadonlySet<number>): string | undefined {
  const fault = replaceFault(steps, trusted);
  if (fault !== undefined) return fault;
  const open = new Set(steps.flatMap((step) => (isOpenAndSticky(step, trusted) ? [step.path] : [])));
  const moved = steps.find(({ path, kind }) => kind !== "directory" && open.has(parentOf(path)));
  return moved && `other users may move a ${moved.kind} of yours into ${parentOf(moved.path)}`;
}

/** What is unknown of a way that goes on over more names than are looked at. */
export const tooLong = "the path, with its symbolic links resolved, has too many components";

/**
 * As `replaceFault`, of where a way leads: whoever decides over the directories and links on it, and not who
 * may write to what is at its end. What is not there yet may be made by whoever may write to the directory
 * that it is to be in.
 */
export function swapFault({ steps, real, end }: Way, trusted: ReadonlySet<number>): string | undefined {
  if (end === "too-long") return tooLong;
  const [parent, last] = [real.at(-2), real.at(-1)];
  if (end === "unseen" || last === undefined) return replaceFault(steps, trusted);
  // A sticky directory keeps nobody from making what is not there.
  if (end === "missing") return replaceFault([...steps, { ...last, mode: last.mode & 0o777 }], trusted);
  const above = steps.at(-1)?.path === last.path ? steps.slice(0, -1) : steps;
  // Nor who owns something from renaming it.
  return (
    replaceFault(above, trusted) ?? (isOpenAndSticky(parent, trusted) ? ownerFault(last, trusted) : undefined)
  );
}

/**
 * Whether others than the trusted users can walk the whole way: then what is set-uid at its end, or a device
 * node, is in their reach. Takes the directories without links among them.
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

/** What comes of a folder in others' reach that a machine's root may write to, in a sentence. */
export function reachedByOthers(folder: string): string {
  return (
    `other users of the host can reach ${folder}: ` +
    "set-uid programs and device nodes that the machine's root makes there work for them."
  );
}

/**
 * What comes of a way on which others decide, by `swapFault`, for a machine that is given what is at its end,
 * in a sentence.
 */
export function swappedByOthers(source: string, fault: string): string {
  return (
    `another user can redirect ${source} to any directory of the host, ` +
    `which the machine gets at its next start: ${fault}.`
  );
}

/** What comes of a machine file that lies where a machine may write, in a sentence. */
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
 * By whom others than the trusted users have what a step's group may do. Root's group and one with its user's
 * number (pam_umask(8), usergroups) are these users' own as long as nobody else has them.
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

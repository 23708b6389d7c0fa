import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { readGroupUsers } from "#host/facts/group-users.ts";
import { mountIdOf } from "#host/namespace/mountinfo-of.ts";
import { hasAccessList } from "#host/syscall/acl.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import { parseOthersFuse } from "#linux/fuse-mount.ts";
import type { PathStep, Way } from "#plan/machine/path-access.ts";

/** As many as the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/** Characters that the kernel takes for a path: PATH_MAX without its NUL. */
const longestPath = 4095;

/**
 * Names on a way, those of its links and `..` too. The kernel follows 82,000 in all, a system's own ways have
 * some ten; each takes its time, and each step bears all of its path.
 */
const mostNames = 256;

/**
 * Runs `work`, which must be synchronous, with the steps of an absolute path, and with a name for its end if
 * that exists, which nobody can exchange (proc_pid_fd(5)). Opens each step before looking at it, and enters
 * no FUSE of untrusted users: it might never answer, or claim that root owns everything.
 */
export function withWay<T>(
  path: string,
  trusted: ReadonlySet<number>,
  work: (way: Way, place: string | undefined) => T,
): T {
  let place = openSync("/", placeOnly);
  const goTo = (next: number) => {
    closeSync(place);
    place = next;
  };
  try {
    const mounts = { known: new Set([mountIdOf(place)]), trusted };
    const root = seenStepOf("/", place, mounts);
    const steps = [root];
    const real = [root];
    if (path.length > longestPath) return work({ steps, real, end: "missing" }, undefined);
    // The next one last.
    const names = namesOf(path).reverse();
    let links = 0;
    let looked = 0;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      looked += 1;
      if (looked > mostNames) return work({ steps, real, end: "too-long" }, undefined);
      const next = openStep(place, name, join(real.at(-1)?.path ?? "/", name), mounts);
      if (next === undefined) return work({ steps, real, end: "missing" }, undefined);
      const { step, opened } = next;
      if (name !== ".." || step.kind === "fuse") steps.push(step);
      if (step.kind === "directory" || step.kind === "file") {
        goTo(opened);
        advance(real, name, step);
        continue;
      }
      closeSync(opened);
      if (step.kind === "fuse") return work({ steps, real, end: "unseen" }, undefined);
      links += 1;
      const target = links > mostLinks ? undefined : readTarget(place, name);
      if (target === undefined) return work({ steps, real, end: "missing" }, undefined);
      names.push(...namesOf(target).reverse());
      if (target.startsWith("/")) {
        goTo(openSync("/", placeOnly));
        real.length = 1;
      }
    }
    return work({ steps, real, end: "there" }, placeName(place));
  } finally {
    closeSync(place);
  }
}

/**
 * Whether a path exists, like existsSync(3). Counts paths below an untrusted user's FUSE, and too long ones,
 * as existing.
 */
export function isThere(path: string, trusted = trustedUsers({})): boolean {
  return withWay(path, trusted, ({ end }) => end !== "missing");
}

/**
 * The path without links of what is at a path; undefined where there is nothing, it lies below a FUSE of
 * others than the trusted users, or its way is too long.
 */
export function realPathOf(path: string, trusted: ReadonlySet<number>): string | undefined {
  return withWay(path, trusted, ({ real, end }) => (end === "there" ? real.at(-1)?.path : undefined));
}

/**
 * The untrusted user's FUSE that a path lies in or is, or that its way is too long to tell; else undefined.
 */
export function othersFuseOf(path: string, trusted: ReadonlySet<number>): PathStep | undefined {
  return withWay(path, trusted, ({ steps, end }) =>
    end === "unseen" || end === "too-long" ? steps.at(-1) : undefined,
  );
}

const placeOnly = pathOnly | constants.O_NOFOLLOW;
const placeName = (place: number) => `/proc/self/fd/${place}`;
const namesOf = (path: string) => path.split("/").filter((name) => name !== "" && name !== ".");

/** The directories without links, one name further; above / is / itself. */
function advance(real: PathStep[], name: string, step: PathStep): void {
  if (name !== "..") real.push(step);
  else if (real.length > 1) real.pop();
}

/** Undefined for any failure. */
function openName(directory: number, name: string): number | undefined {
  try {
    return openSync(`${placeName(directory)}/${name}`, placeOnly);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/**
 * What has a name in a directory, as a step of this path, and open, to be closed; undefined as `openName` has
 * it.
 */
function openStep(
  directory: number,
  name: string,
  path: string,
  mounts: Mounts,
): { step: PathStep; opened: number } | undefined {
  const opened = openName(directory, name);
  if (opened === undefined) return undefined;
  try {
    return { step: seenStepOf(path, opened, mounts), opened };
  } catch (error) {
    closeSync(opened);
    throw error;
  }
}

/** A link's target. Reads it by name: the steps before reveal any user who could exchange it meanwhile. */
function readTarget(directory: number, name: string): string | undefined {
  try {
    return readlinkSync(`${placeName(directory)}/${name}`);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

const isSystemError = (error: unknown) => (error as NodeJS.ErrnoException).syscall !== undefined;

/**
 * The step from `path` to an open place (O_PATH), which nobody can exchange. An access control list matters
 * only where the group may do what others may not, so look for one only there: see host/syscall/acl.ts.
 */
export function stepOf(path: string, place: number): PathStep {
  const { uid, gid, mode } = fstatSync(place);
  const type = mode & 0o170000;
  const kind = type === 0o040000 ? "directory" : type === 0o120000 ? "link" : "file";
  const isListed = kind !== "link" && ((mode >> 3) & ~mode & 0o3) !== 0 && hasAccessList(placeName(place));
  return {
    path,
    kind,
    uid,
    gid,
    mode: mode & 0o7777,
    hasAccessList: () => isListed,
    groupUsers: () => readGroupUsers(gid),
  };
}

/** The same, unless it lies in an untrusted user's FUSE. */
function seenStepOf(path: string, place: number, mounts: Mounts): PathStep {
  const user = othersUser(place, mounts);
  if (user === undefined) return stepOf(path, place);
  return {
    path,
    kind: "fuse",
    uid: user,
    gid: user,
    mode: 0,
    hasAccessList: () => false,
    groupUsers: () => [],
  };
}

interface Mounts {
  /** The ids of mounts that only root or a trusted user can unmount. */
  readonly known: Set<number>;
  readonly trusted: ReadonlySet<number>;
}

/**
 * Who answers for what a place is on, if that is a FUSE and none of a trusted user's; NaN where that is not
 * known, as of a mount that has just gone.
 */
function othersUser(place: number, { known, trusted }: Mounts): number | undefined {
  const id = mountIdOf(place);
  if (known.has(id)) return undefined;
  // Read after it was opened: the mount may be younger than anything that was read before.
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((other) => other.startsWith(`${id} `));
  const user = line === undefined ? Number.NaN : parseOthersFuse(line)[0]?.user;
  if (user !== undefined && !trusted.has(user)) return user;
  known.add(id);
  return undefined;
}

/** The users that this process trusts: root, its own user, and the user who called sudo(8). */
export function trustedUsers(env: Readonly<Record<string, string | undefined>>): ReadonlySet<number> {
  const uid = process.getuid?.() ?? 0;
  const before = uid === 0 ? Number.parseInt(env.SUDO_UID ?? "", 10) : Number.NaN;
  return new Set([0, uid, ...(Number.isNaN(before) ? [] : [before])]);
}

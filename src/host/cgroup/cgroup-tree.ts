import { closeSync, constants, openSync, rmdirSync, statfsSync } from "node:fs";
import { pagesOf } from "#host/files/first-names.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** An open cgroup: the path is good meanwhile, however long its own is. */
export type Visit = (place: string, depth: number) => unknown;

const openDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const placeOf = (directory: number) => `/proc/self/fd/${directory}`;

interface WalkOptions {
  /** What is done after all in a cgroup, with its path by its parent's place. */
  readonly leave?: (path: Buffer) => void;
  /** When the walk ends, wherever it is (performance.now()). */
  readonly end?: number;
}

/**
 * Visits a cgroup and all below it, parents first. Reaches each from its parent, since a machine may make
 * paths that are too long for any call; handles names that are not valid text. Skips cgroups that vanish
 * meanwhile.
 */
export function walkCgroups(
  top: string,
  visit: Visit,
  { leave, end = Number.POSITIVE_INFINITY }: WalkOptions = {},
): void {
  let current = openOrNone(Buffer.from(top));
  if (current === undefined) return;
  try {
    visit(placeOf(current), 0);
    // Of each cgroup on the way, what is in it and still to be visited, and its name.
    const way = [{ name: "", inside: childrenOf(current) }];
    for (let here = way.at(-1); here !== undefined && performance.now() < end; here = way.at(-1)) {
      const name = here.inside.pop();
      const next = openOrNone(
        name === undefined ? Buffer.from(`${placeOf(current)}/..`) : pathOf(current, name),
      );
      if (name === undefined) {
        way.pop();
        // Do not go above the top cgroup.
        if (next === undefined || way.length === 0) return void (next !== undefined && closeSync(next));
      } else if (next === undefined) continue;
      closeSync(current);
      current = next;
      if (name === undefined) leave?.(pathOf(current, here.name));
      else {
        way.push({ name, inside: childrenOf(current) });
        visit(placeOf(current), way.length - 1);
      }
    }
  } finally {
    closeSync(current);
  }
}

/** The magic numbers of cgroup v1 and cgroup2 (statfs(2)). */
const cgroupFileSystems: readonly number[] = [0x27e0eb, 0x63677270];

/** Whether a path leads to a cgroup. */
export function isCgroup(path: string): boolean {
  const directory = openOrNone(Buffer.from(path));
  if (directory === undefined) return false;
  try {
    return cgroupFileSystems.includes(statfsSync(placeOf(directory)).type);
  } finally {
    closeSync(directory);
  }
}

/**
 * Removes a cgroup and all below it; false where one of them is still in use, or that time
 * (performance.now()) has come.
 */
export function removeCgroups(top: string, end = Number.POSITIVE_INFINITY): boolean {
  let isEmpty = true;
  const remove = (path: string | Buffer) => {
    try {
      rmdirSync(path);
    } catch (error) {
      if (hasErrno(error, ["EBUSY", "ENOTEMPTY"])) isEmpty = false;
      else if (!hasErrno(error, ["ENOENT"])) throw error;
    }
  };
  walkCgroups(top, () => {}, { leave: remove, end });
  if (performance.now() >= end) return false;
  if (isEmpty) remove(top);
  return isEmpty;
}

const pathOf = (directory: number, name: string) =>
  Buffer.concat([Buffer.from(`${placeOf(directory)}/`), Buffer.from(name, "latin1")]);

function openOrNone(path: Buffer): number | undefined {
  try {
    return openSync(path, openDirectory);
  } catch (error) {
    if (hasErrno(error, gone)) return undefined;
    throw error;
  }
}

const gone: readonly string[] = ["ENOENT", "ENODEV", "ENOTDIR"];

/** Names, each character of which is a byte. */
function childrenOf(directory: number): string[] {
  const names: string[] = [];
  try {
    for (const page of pagesOf(placeOf(directory), "latin1")) {
      names.push(...page.flatMap(({ name, kind }) => (kind === "directory" ? [name] : [])));
    }
  } catch (error) {
    if (!hasErrno(error, gone)) throw error;
  }
  return names;
}

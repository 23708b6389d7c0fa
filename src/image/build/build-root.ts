import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, hasCode } from "#errors.ts";
import { removeWithinMount } from "#host/files/remove-within-mount.ts";
import { withLock } from "#host/process/lock.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { BuildPlan } from "#plan/image/build-plan.ts";

export interface BuilderOptions {
  /** Called with each step as mmdebstrap names it: "installing essential packages". */
  readonly onProgress?: ((step: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the root's tarball below `work`, an empty directory that is closed to other users, and returns its
 * path.
 */
export type Builder = (work: string) => Promise<string>;

export interface BuildOptions {
  /** The directory of `cacheDirectory`; made when missing. */
  readonly cache: string;
  /** Builds even if the cache has the root. */
  readonly rebuild?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const gibibyte = 2 ** 30;

/**
 * Makes the planned root, or finds it in the cache, and returns the tarball's path. Two callers at once build
 * it once. A file in the cache is always whole: it gets its name when it is done. An interrupted build leaves
 * nothing. Throws `disk-full`, `interrupted`, and what the builder throws.
 */
export async function buildRoot(plan: BuildPlan, builder: Builder, options: BuildOptions): Promise<string> {
  const roots = join(options.cache, "roots");
  await mkdir(roots, { recursive: true });
  const stem = `${plan.name}-${plan.digest.slice(0, 12)}`;
  const target = join(roots, `${stem}.tar`);
  const since = Date.now();
  return await withLock(join(roots, `.${stem}.lock`), options.signal, async () => {
    const made = await timeMade(target);
    // A build that waited for another takes its result, even when asked to build again.
    if (made !== undefined && (!options.rebuild || made >= since)) return target;
    await checkDisk(roots);
    await removeLeftovers(roots, stem);
    const work = await mkdtemp(join(roots, `.${stem}.work-`));
    try {
      await rename(await build(builder, work), target);
    } finally {
      // The host's /dev, /proc and /sys may be mounted in it if its builder was killed.
      await removeWithinMount(work);
    }
    await removeOlder(roots, plan.name, target);
    return target;
  });
}

async function timeMade(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return undefined;
    throw error;
  }
}

/** Throws before half a minute is spent. */
async function checkDisk(roots: string): Promise<void> {
  const free = await freeBytes(roots);
  if (free >= gibibyte) return;
  throw new BerthError(
    "disk-full",
    `${roots} has ${Math.floor(free / 2 ** 20)} MiB free; building a root takes 1024 MiB`,
    { hint: freeSpace, details: { directory: roots, free } },
  );
}

async function build(builder: Builder, work: string): Promise<string> {
  try {
    return await builder(work);
  } catch (error) {
    const isFull = hasCode(error, "tool-failed") && (await freeBytes(work)) < 64 * 2 ** 20;
    if (!isFull && !hasErrno(error, ["ENOSPC", "EDQUOT"])) throw error;
    throw new BerthError("disk-full", "the disk filled up while building the root", {
      cause: error,
      hint: freeSpace,
      details: { directory: work },
    });
  }
}

const freeSpace = "Free some space, or name another directory with BERTH_CACHE.";

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Directories of a killed builder: only the lock's holder has any. */
async function removeLeftovers(roots: string, stem: string): Promise<void> {
  for (const name of await readdir(roots))
    if (name.startsWith(`.${stem}.work-`)) await removeWithinMount(join(roots, name));
}

/** Roots that an earlier recipe of that name gave. */
async function removeOlder(roots: string, name: string, current: string): Promise<void> {
  for (const file of await readdir(roots)) {
    const path = join(roots, file);
    const stem = file.slice(0, -".0123456789ab.tar".length);
    if (path !== current && stem === name && /-[0-9a-f]{12}\.tar$/.test(file)) await rm(path);
  }
}

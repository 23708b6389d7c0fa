import { access, mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, hasCode } from "#errors.ts";
import { removeWithinMount } from "#host/files/remove-within-mount.ts";
import { withLock } from "#host/process/lock.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { BuildPlan } from "#plan/image/build-plan.ts";
import { type BuildPlace, makeBuildPlace } from "./build-place.ts";
import { runBuilder } from "./run-builder.ts";

export interface BuildOptions {
  /** The directory of `cacheDirectory`; made when missing. */
  readonly cache: string;
  /** Builds even if the cache has the root. */
  readonly rebuild?: boolean | undefined;
  /** Called with each step as mmdebstrap names it: "installing essential packages". */
  readonly onProgress?: ((step: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const gibibyte = 2 ** 30;

/**
 * Makes the planned root, or finds it in the cache, and returns the tarball's path. Two callers at once build
 * it once. A file in the cache is always whole: it gets its name when it is done. An interrupted build leaves
 * nothing. Throws `tool-missing`, `tool-failed` (with mmdebstrap's last lines), `disk-full`, `interrupted`.
 */
export async function buildRoot(plan: BuildPlan, options: BuildOptions): Promise<string> {
  const roots = join(options.cache, "roots");
  await mkdir(roots, { recursive: true });
  const stem = `${plan.name}-${plan.digest.slice(0, 12)}`;
  const target = join(roots, `${stem}.tar`);
  const since = Date.now();
  return await withLock(join(roots, `.${stem}.lock`), options.signal, async () => {
    const made = await timeMade(target);
    // A build that waited for another takes its result, even when asked to build again.
    if (made !== undefined && (!options.rebuild || made >= since)) return target;
    await checkReady(plan, roots);
    await removeLeftovers(roots, stem);
    const work = await mkdtemp(join(roots, `.${stem}.work-`));
    try {
      const place = await makeBuildPlace(work);
      await build(plan.command(join(place.inside, "root.tar")), place, options);
      await rename(join(place.outside, "root.tar"), target);
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

/** What can be known to go wrong before half a minute is spent on it. */
async function checkReady(plan: BuildPlan, roots: string): Promise<void> {
  const free = await freeBytes(roots);
  if (free < gibibyte) {
    throw new BerthError(
      "disk-full",
      `${roots} has ${Math.floor(free / 2 ** 20)} MiB free; building a root takes 1024 MiB`,
      {
        hint: "Free some space, or name another directory with BERTH_CACHE.",
        details: { directory: roots, free },
      },
    );
  }
  try {
    await access(plan.keyring);
  } catch (cause) {
    throw new BerthError("tool-missing", `cannot find the keyring of the package archive: ${plan.keyring}`, {
      cause,
      hint: plan.keyring.includes("ubuntu")
        ? "Install ubuntu-keyring (on Ubuntu) or ubuntu-archive-keyring (on Debian releases that have it)."
        : "Run `apt-get install debian-archive-keyring`.",
      details: { keyring: plan.keyring },
    });
  }
}

async function build(
  command: readonly string[],
  { inside, outside, caller }: BuildPlace,
  options: BuildOptions,
): Promise<void> {
  // mmdebstrap unpacks into TMPDIR; without root it does so as users who may not enter a cache below a home
  // directory.
  const env = process.getuid?.() === 0 ? { ...process.env, TMPDIR: inside } : process.env;
  try {
    await runBuilder(command, { ...options, caller, env });
  } catch (error) {
    if (hasCode(error, "tool-failed") && (await freeBytes(outside)) < 64 * 2 ** 20) {
      throw new BerthError("disk-full", "the disk filled up while building the root", {
        cause: error,
        hint: "Free some space, or name another directory with BERTH_CACHE.",
        details: { directory: options.cache },
      });
    }
    throw error;
  }
}

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

import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Context } from "#cli/frame/context.ts";
import { BerthError } from "#errors.ts";
import { isThere, trustedUsers, withWay } from "#host/files/path-steps.ts";
import { readPipeUpTo, readTextUpTo } from "#host/files/text-up-to.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import { resolvePaths } from "#machinefile/read/resolve-paths.ts";
import { foundFault, tooLong } from "#plan/machine/path-access.ts";

const fileNames = ["berth.yaml", "berth.yml"];

/**
 * Where the machine file is: --file, else berth.yaml here or in a directory above; undefined when there is
 * none and none was named. One that may be below a FUSE of another user counts as there.
 */
export function locateFleetFile({ global, io }: Context): string | undefined {
  if (global.file !== undefined) return resolve(io.cwd, global.file);
  const trusted = trustedUsers(io.env);
  for (let directory = io.cwd; ; directory = dirname(directory)) {
    const found = fileNames.map((name) => join(directory, name)).find((path) => isThere(path, trusted));
    if (found !== undefined || directory === dirname(directory)) return found;
  }
}

/**
 * Where `locateFleetFile` finds the machine file, and where it would find another before that one; none where
 * there is none.
 */
export function fleetFilePlaces(context: Context): readonly string[] {
  const path = locateFleetFile(context);
  if (path === undefined) return [];
  return context.global.file !== undefined ? [path] : [path, join(context.io.cwd, "berth.yaml")];
}

/** The machine file in use. */
interface TrustedFile {
  readonly path: string;
  /** Its path without links, where known. */
  readonly real: string | undefined;
  readonly read: () => string;
}

/**
 * Runs `work`, which must be synchronous, with the machine file; undefined if there is none and --file is not
 * given. For a file that was found in a directory above it prints a note. Throws `file-untrusted` for a found
 * file that other users than root and this one may write to.
 */
function withFleetFile<T>(context: Context, work: (file: TrustedFile) => T): T | undefined {
  const path = locateFleetFile(context);
  if (path === undefined) return undefined;
  const { file, piped } = context.global;
  if (file !== undefined) return work({ path, real: undefined, read: () => piped ?? readText(path, path) });
  const trusted = trustedUsers(context.io.env);
  return withWay(path, trusted, ({ steps, real, end }, place) => {
    const fault = foundFault(steps, trusted) ?? (end === "too-long" ? tooLong : undefined);
    if (fault !== undefined) {
      const found = end === "unseen" || end === "too-long" ? "may be there" : "was found";
      throw new BerthError("file-untrusted", `${path} ${found}, but it is not only yours: ${fault}`, {
        hint: `look at it, and keep it in a directory of your own, or name it: --file ${path}`,
      });
    }
    // It has just gone.
    if (place === undefined) return undefined;
    if (dirname(path) !== context.io.cwd) context.note(`machine file: ${path}`);
    // Read the file that was checked, not what the path leads to by now.
    return work({ path, real: real.at(-1)?.path, read: () => readPlain(place, path) });
  });
}

/** Bytes; a real machine file has some kilobytes. */
const longest = 1024 ** 2;

/** Reads at most `longest` bytes: the name may stand for something endless. */
function readText(place: string, path: string): string {
  return notTooLong(readTextUpTo(place, longest), path);
}

/**
 * Reads the file of --file early if reading may block (a pipe, for example), so that a signal can still
 * interrupt it. Leaves errors to the code that uses the file.
 */
export async function withFileRead(context: Context): Promise<Context> {
  const { file } = context.global;
  const path = file === undefined ? undefined : resolve(context.io.cwd, file);
  if (path === undefined || !mayWait(path)) return context;
  try {
    const text = await readPipeUpTo(path, longest, context.signal);
    return { ...context, global: { ...context.global, piped: notTooLong(text, path) } };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return context;
  }
}

/** A pipe, a terminal, a file of the kernel's that has no size. */
function mayWait(path: string): boolean {
  try {
    const stat = statSync(path);
    return stat.isFIFO() || stat.isCharacterDevice() || (stat.isFile() && stat.size === 0);
  } catch {
    // The code that uses the file reports it.
    return false;
  }
}

function notTooLong(text: string | undefined, path: string): string {
  if (text !== undefined) return text;
  throw new BerthError("file-invalid", `${path} is longer than 1 MiB, the limit for a machine file`, {
    hint: "name a machine file with --file (example: `machines: {web: {image: debian-12}}`)",
  });
}

/**
 * Never wait for a file that was merely found: refuse a FIFO, and read nothing of a kernel file without a
 * size (/proc/kmsg, for example).
 */
function readPlain(place: string, path: string): string {
  const stat = statSync(place);
  if (stat.isFile()) return stat.size === 0 ? "" : readText(place, path);
  throw new BerthError("file-invalid", `${path} was found, but it is not a regular file`, {
    hint: "remove it, or name a machine file with --file",
  });
}

/** The path of the machine file that `findFleet` would read, unread. */
export function findFleetFile(context: Context): string | undefined {
  return withFleetFile(context, ({ path }) => path);
}

/**
 * The fleet of the machine file; undefined if there is none and --file is not given. Throws `file-untrusted`
 * for a found file that other users than root and this one may write to, `file-missing`, and `file-invalid`
 * with all problems.
 */
export function findFleet(context: Context): Fleet | undefined {
  return withFleetFile(context, (file) => parseFleet(file, context));
}

/** Relative paths in the file start where it lies. */
function parseFleet(file: TrustedFile, { io }: Context): Fleet {
  const { path } = file;
  let text: string;
  let real: string;
  try {
    text = file.read();
    // Machines record the real path, so that they belong to the file by whatever links it is reached.
    real = file.real ?? realpathSync(path);
  } catch (cause) {
    if (cause instanceof BerthError) throw cause;
    const missing = hasErrno(cause, ["ENOENT"]);
    throw new BerthError("file-missing", missing ? `no such file: ${path}` : `cannot read ${path}`, {
      hint:
        "without --file, berth reads the berth.yaml in this directory or above; " +
        "without a file, name machines: `berth up web --image debian-12`",
      cause,
    });
  }
  const shownAs = dirname(path) === io.cwd ? basename(path) : path;
  const fleet = parseMachineFile(text, { fileName: path, shownAs, environment: io.env });
  return resolvePaths(
    { ...fleet, project: { ...fleet.project, file: real } },
    { directory: dirname(path), home: io.home },
  );
}

/** The machine file's fleet. Throws `file-missing` when there is no file. */
export function loadFleet(context: Context): Fleet {
  const fleet = findFleet(context);
  if (fleet !== undefined) return fleet;
  throw new BerthError("file-missing", `no ${fileNames[0]} in this directory or above`, {
    hint:
      "write one (example: `machines: {web: {image: debian-12}}`), name it with --file, " +
      "or name machines: `berth up web --image debian-12`",
  });
}

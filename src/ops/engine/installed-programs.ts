import {
  chmod,
  chown,
  constants,
  copyFile,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { BerthError } from "#errors.ts";
import { draftName } from "#host/files/draft-name.ts";
import { readIfThere } from "#host/files/read-if-there.ts";
import { replaceFile } from "#host/files/replace-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { withRealRuntime } from "#oci/launcher.ts";

/**
 * Where `install runtime` puts berth and its launcher, so that they outlast the directory they were built in.
 */
export const installDirectory = "/usr/local/lib/berth";
export const programPath = join(installDirectory, "berth");
export const launcherPath = join(installDirectory, "berth-runtime");

/**
 * Which daemon.json files name the programs: another engine of this host may need them when one lets them go.
 */
const usersFile = join(installDirectory, "engines");

/** What `copyPrograms` writes. */
export const installedFiles = [programPath, launcherPath, usersFile] as const;

export interface ProgramSource {
  /** The running berth. */
  readonly program: string;
  /** The real runtime's path or name; runc by default. */
  readonly realRuntime: string | undefined;
}

/** The launcher that belongs to a berth. Throws `tool-missing`. */
export async function launcherBeside(program: string): Promise<string> {
  const path = join(dirname(await realpath(program)), "berth-runtime");
  if ((await readIfThere(path)) !== undefined) return path;
  throw new BerthError("tool-missing", `cannot find berth-runtime beside ${program}`, {
    hint: "run `npm run build`, and use dist/berth",
  });
}

/**
 * Copies aside and renames, since a machine may be starting with these programs right now. Root runs them, so
 * no other user may write to them or to their directory, whatever their source was. `user` is the daemon.json
 * that will name them.
 */
export async function copyPrograms({ program, realRuntime }: ProgramSource, user: string): Promise<void> {
  const launcher = await readFile(await launcherBeside(program), "utf8");
  await mkdir(installDirectory, { recursive: true, mode: 0o755 });
  await chown(installDirectory, 0, 0);
  await chmod(installDirectory, 0o755);
  const draft = draftName(programPath);
  try {
    await copyFile(await realpath(program), draft, constants.COPYFILE_EXCL);
    await chmod(draft, 0o755);
    await rename(draft, programPath);
  } finally {
    await rm(draft, { force: true });
  }
  await replaceFile(
    launcherPath,
    realRuntime === undefined ? launcher : withRealRuntime(launcher, realRuntime),
    0o755,
  );
  await writeUsers([...(await readUsers()).filter((other) => other !== user), user]);
}

/** Those that are still there and name the launcher. */
async function readUsers(): Promise<readonly string[]> {
  const listed = ((await readIfThere(usersFile)) ?? "").split("\n").filter((line) => line !== "");
  const found = await Promise.all(
    listed.map(async (file) => ((await readIfThere(file))?.includes(launcherPath) ? [file] : [])),
  );
  return found.flat();
}

async function writeUsers(files: readonly string[]): Promise<void> {
  await replaceFile(usersFile, files.map((file) => `${file}\n`).join(""), 0o644);
}

/** Notes that a daemon.json no longer names the programs. True if no other does. */
export async function releasePrograms(user: string): Promise<boolean> {
  const others = (await readUsers()).filter((other) => other !== user);
  if (others.length > 0) await writeUsers(others);
  return others.length === 0;
}

/** Removes the programs, and their directory unless something else is in it. */
export async function removePrograms(): Promise<void> {
  for (const path of installedFiles) await rm(path, { force: true });
  await removeInstallDirectory();
}

export async function removeInstallDirectory(): Promise<void> {
  await rmdir(installDirectory).catch((error: unknown) => {
    if (!hasErrno(error, ["ENOENT", "ENOTEMPTY", "EBUSY"])) throw error;
  });
}

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
import { basename, dirname, join } from "node:path";
import type { Engine } from "#engine/connection/engine.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError } from "#errors.ts";
import { draftName } from "#host/files/draft-name.ts";
import { withFilesKept } from "#host/files/files-kept.ts";
import { readIfThere } from "#host/files/read-if-there.ts";
import { readMode, replaceFile } from "#host/files/replace-file.ts";
import { installLxcfsDropIn, removeLxcfsDropIn } from "#host/lxcfs/lxcfs-unit.ts";
import { isThere, type StartedProcess } from "#host/process/process-stat.ts";
import { requireRoot } from "#host/process/require-root.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { addRuntime, forgetRuntimes, removeRuntime } from "#oci/daemon-json.ts";
import { withRealRuntime } from "#oci/launcher.ts";
import { listMachines } from "#ops/machine/machines.ts";
import { poll } from "#ops/task/poll.ts";
import { runtimeName } from "#plan/machine/berth-runtime.ts";
import { installProfile, removeProfile } from "./install-profile.ts";

export interface EngineConfig {
  /** dockerd's daemon.json. */
  readonly file: string;
  /** dockerd's process, or the embedded engine's init, which hands the signal on; undefined when unknown. */
  readonly process: StartedProcess | undefined;
  /** Undefined when the engine does not run: then it reads the file at its start. */
  readonly engine: Engine | undefined;
}

export interface RuntimeChange {
  readonly file: string;
  /** Path of the launcher. */
  readonly path: string;
  readonly changed: boolean;
  /** Whether the running engine has taken it. */
  readonly active: boolean;
  readonly warnings: readonly string[];
}

/**
 * Where `install runtime` puts berth and its launcher, so that they outlast the directory they were built in.
 */
export const installDirectory = "/usr/local/lib/berth";
const programPath = join(installDirectory, "berth");
const launcherPath = join(installDirectory, "berth-runtime");

export interface InstallOptions {
  readonly makeDefault: boolean;
  /** Uses the programs where they are instead of copying them to `installDirectory`. */
  readonly inPlace: boolean;
  /** The real runtime's path or name; runc by default. Needs a copy. */
  readonly realRuntime: string | undefined;
  /** The running berth. */
  readonly program: string;
}

/**
 * Registers berth-runtime with an engine and makes it reload its configuration. Keeps the file's other
 * content, and a copy of its first version as `.berth-backup`. If the engine does not load it, restores
 * everything.
 */
export async function installRuntime(config: EngineConfig, options: InstallOptions): Promise<RuntimeChange> {
  requireRoot("installing the runtime");
  checkRealRuntime(options);
  await mkdir(dirname(config.file), { recursive: true, mode: 0o755 });
  const file = await realFile(config.file);
  const before = await readIfThere(file);
  const path = options.inPlace ? await launcherBeside(options.program) : launcherPath;
  const after = addRuntime(before, { name: runtimeName, path, makeDefault: options.makeDefault }, file);
  const changed = after !== before;
  const isActive = async (engine: Engine) => {
    const info = await readInfo(engine);
    return (
      info.Runtimes[runtimeName]?.path === path &&
      (!options.makeDefault || info.DefaultRuntime === runtimeName)
    );
  };
  const install = async () => {
    if (!options.inPlace) {
      await copyPrograms(options);
      await writeUsers([...(await readUsers()).filter((user) => user !== file), file]);
    }
    if (changed) await writeConfig(file, before, after);
    return await activate(config, { file, changed }, isActive);
  };
  const copies = options.inPlace ? [] : [programPath, launcherPath, usersFile];
  const active = await withFilesKept([file, backupOf(file), ...copies], install).catch(
    async (error: unknown) => {
      if (!options.inPlace) await removeDirectory();
      throw error;
    },
  );
  if (!options.inPlace) await installLxcfsDropIn(programPath);
  const warnings = await installProfile(options.inPlace ? undefined : installDirectory);
  if (active === undefined) throw unread(file);
  return { file, path, changed, active, warnings };
}

/**
 * Takes the registration and the copied programs away again. Throws `conflict` while machines of the engine
 * need them.
 */
export async function uninstallRuntime(config: EngineConfig, force: boolean): Promise<RuntimeChange> {
  requireRoot("removing the runtime");
  const file = await realFile(config.file);
  if (config.engine !== undefined && !force) await refuseWhileMachines(config.engine);
  const before = await readIfThere(file);
  const backup = await readIfThere(backupOf(file));
  const after = before === undefined ? undefined : removeRuntime(before, runtimeName, backup, file);
  const changed = after !== before;
  const isGone = async (engine: Engine) => !Object.hasOwn((await readInfo(engine)).Runtimes, runtimeName);
  const active = await withFilesKept([file], async () => {
    if (changed && config.engine !== undefined) await replaceFile(file, forgetRuntimes(after, file));
    return await activate(config, { file, changed }, isGone);
  });
  if (active === undefined) throw unread(file);
  if (after === undefined) await rm(file, { force: true });
  else if (changed) await replaceFile(file, after);
  await rm(backupOf(file), { force: true });
  await removePrograms(file);
  return { file, path: launcherPath, changed, active, warnings: [] };
}

/** Throws `conflict` while the engine has machines. */
export async function refuseWhileMachines(engine: Engine): Promise<void> {
  const machines = await listMachines(engine);
  if (machines.length === 0) return;
  const names = machines.map(({ name }) => name).join(", ");
  const count = machines.length === 1 ? "a machine" : `${machines.length} machines`;
  throw new BerthError("conflict", `${count} of this engine may need berth-runtime: ${names}`, {
    hint: "remove them with `berth rm`, or use --force: then they start only after `berth install runtime`",
  });
}

/** daemon.json itself where it, or a directory on the way to it, is a link. */
async function realFile(file: string): Promise<string> {
  const ifThere = async (path: string) => {
    try {
      return await realpath(path);
    } catch (error) {
      if (hasErrno(error, ["ENOENT"])) return undefined;
      throw error;
    }
  };
  return (await ifThere(file)) ?? join((await ifThere(dirname(file))) ?? dirname(file), basename(file));
}

async function launcherBeside(program: string): Promise<string> {
  const path = join(dirname(await realpath(program)), "berth-runtime");
  if ((await readIfThere(path)) !== undefined) return path;
  throw new BerthError("tool-missing", `cannot find berth-runtime beside ${program}`, {
    hint: "run `npm run build`, and use dist/berth",
  });
}

/**
 * Copies aside and renames, since a machine may be starting with these programs right now. Root runs them, so
 * no other user may write to them or to their directory, whatever their source was.
 */
async function copyPrograms({ program, realRuntime }: InstallOptions): Promise<void> {
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
}

/**
 * Which daemon.json files name the programs: another engine of this host may need them when one lets them go.
 */
const usersFile = join(installDirectory, "engines");

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

/** Removes the programs, unless another engine than this file's needs them. */
async function removePrograms(file: string): Promise<void> {
  const others = (await readUsers()).filter((user) => user !== file);
  if (others.length > 0) return await writeUsers(others);
  await removeLxcfsDropIn();
  await removeProfile(installDirectory);
  for (const path of [programPath, launcherPath, usersFile]) await rm(path, { force: true });
  await removeDirectory();
}

/** Unless something else is in it. */
async function removeDirectory(): Promise<void> {
  await rmdir(installDirectory).catch((error: unknown) => {
    if (!hasErrno(error, ["ENOENT", "ENOTEMPTY", "EBUSY"])) throw error;
  });
}

/**
 * Throws `usage` for an invalid name or one that the launcher cannot hold, `tool-missing` for a missing
 * program: with it no container would start.
 */
function checkRealRuntime({ realRuntime, inPlace }: InstallOptions): void {
  if (realRuntime === undefined) return;
  if (inPlace) {
    throw new BerthError("usage", "--real-runtime and --in-place cannot be combined", {
      hint: "with --in-place, set BERTH_REAL_RUNTIME in the engine's environment",
    });
  }
  if (!/^[A-Za-z0-9_./-]+$/.test(realRuntime)) {
    throw new BerthError("usage", `invalid runtime "${realRuntime}" (example: /usr/bin/crun)`, {
      hint: "give a name in PATH or an absolute path",
    });
  }
  if (Bun.which(realRuntime) === null) {
    throw new BerthError("tool-missing", `cannot find the program ${realRuntime}`, {
      hint: "give its absolute path (example: /usr/bin/crun)",
    });
  }
}

const backupOf = (file: string) => `${file}.berth-backup`;

async function writeConfig(file: string, before: string | undefined, after: string): Promise<void> {
  const backup = backupOf(file);
  // May hold secrets, for example a proxy's password.
  if (before !== undefined && (await readIfThere(backup)) === undefined)
    await replaceFile(backup, before, await readMode(file));
  await replaceFile(file, after);
}

/**
 * dockerd reads its configuration within milliseconds of the signal, unless the host is very busy; it says
 * nothing when it refuses it.
 */
const reloadLimitMs = 10_000;

/**
 * Makes the engine reload its configuration and waits until the change shows. False if no engine runs,
 * undefined if its process is unknown. Throws `engine-refused`.
 */
async function activate(
  { engine, process: engineProcess }: EngineConfig,
  { file, changed }: { readonly file: string; readonly changed: boolean },
  isActive: (engine: Engine) => Promise<boolean>,
): Promise<boolean | undefined> {
  if (engine === undefined) return false;
  if (await isActive(engine)) return true;
  if (engineProcess === undefined) return undefined;
  // Do not signal a restarted engine: it has read the file already, and another process with its pid would
  // die.
  if (isThere(engineProcess)) process.kill(engineProcess.pid, "SIGHUP");
  if (await poll(reloadLimitMs, async () => (await isActive(engine)) || undefined)) return true;
  throw new BerthError(
    "engine-refused",
    `the engine did not load ${file}${changed ? "; berth restored its previous content" : ""}`,
    {
      hint: "see its log (journalctl -u docker, or `berth engine status`), and check that it reads this file",
    },
  );
}

const unread = (file: string) =>
  new BerthError("host-unfit", `wrote ${file}, but cannot find the engine's process to reload it`, {
    hint: "reload it yourself (systemctl reload docker), or give its process with --engine-pid",
  });

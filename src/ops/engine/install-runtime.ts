import { mkdir, realpath, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Engine } from "#engine/connection/engine.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError } from "#errors.ts";
import { withFilesKept } from "#host/files/files-kept.ts";
import { readIfThere } from "#host/files/read-if-there.ts";
import { requireWritable } from "#host/files/read-only.ts";
import { readMode, replaceFile } from "#host/files/replace-file.ts";
import { isThere, type StartedProcess } from "#host/process/process-stat.ts";
import { requireRoot } from "#host/process/require-root.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { addRuntime, forgetRuntimes, removeRuntime } from "#oci/daemon-json.ts";
import { listMachines } from "#ops/machine/machines.ts";
import { poll } from "#ops/task/poll.ts";
import { runtimeName } from "#plan/machine/berth-runtime.ts";
import { installProfile, profileFile, removeProfile, withProfileKept } from "./install-profile.ts";
import { installUnits, noUnits, removeUnits, type UnitChanges } from "./install-units.ts";
import {
  copyPrograms,
  installDirectory,
  installedFiles,
  launcherBeside,
  launcherPath,
  type ProgramSource,
  programPath,
  releasePrograms,
  removeInstallDirectory,
  removePrograms,
} from "./installed-programs.ts";

export interface EngineConfig {
  /** dockerd's daemon.json. */
  readonly file: string;
  /** dockerd's process; undefined when unknown. */
  readonly process: StartedProcess | undefined;
  /** Undefined when the engine does not run: then it reads the file at its start. */
  readonly engine: Engine | undefined;
  /** Whether the engine is a user's, whose daemon.json and runtime need no root. */
  readonly isRootless: boolean;
}

export interface RuntimeChange extends UnitChanges {
  readonly file: string;
  /** Path of the launcher. */
  readonly path: string;
  readonly changed: boolean;
  /** Whether the running engine has taken it. */
  readonly active: boolean;
  readonly warnings: readonly string[];
}

/** Another real runtime needs a copy of the programs. */
export interface InstallOptions extends ProgramSource {
  readonly makeDefault: boolean;
  /** Uses the programs where they are instead of copying them to `installDirectory`. */
  readonly inPlace: boolean;
}

/**
 * Registers berth-runtime with an engine and makes it reload its configuration. Keeps the file's other
 * content, and a copy of its first version as `.berth-backup`. If the engine does not load it, restores
 * everything.
 */
export async function installRuntime(config: EngineConfig, options: InstallOptions): Promise<RuntimeChange> {
  if (config.isRootless) requireInPlace(options);
  else requireRoot("installing the runtime");
  checkRealRuntime(options);
  await requireWritable(
    config.file,
    "Have what makes this file add the runtime (example: NixOS' daemon.settings).",
  );
  if (!options.inPlace)
    await requireWritable(
      installDirectory,
      "Keep the programs where they can stay (example: /opt/berth), and use --in-place.",
    );
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
    if (!options.inPlace) await copyPrograms(options, file);
    if (changed) await writeConfig(file, before, after);
    // Before the engine makes machines by it.
    const profileIn = options.inPlace ? undefined : installDirectory;
    const warnings = config.isRootless ? [] : await installProfile(profileIn);
    return { active: await activate(config, { file, changed }, isActive), warnings };
  };
  const copies = options.inPlace ? [] : [...installedFiles, profileFile(installDirectory)];
  const { active, warnings } = await withFilesKept([file, backupOf(file), ...copies], () =>
    withProfileKept(install),
  ).catch(async (error: unknown) => {
    if (!options.inPlace) await removeInstallDirectory();
    throw error;
  });
  const units = options.inPlace ? { ...noUnits, warnings: [] } : await installUnits(programPath);
  if (active === undefined) throw unread(file);
  return { file, path, changed, active, ...units, warnings: [...warnings, ...units.warnings] };
}

/**
 * Takes the registration and the copied programs away again. Throws `conflict` while machines of the engine
 * need them.
 */
export async function uninstallRuntime(config: EngineConfig, force: boolean): Promise<RuntimeChange> {
  if (!config.isRootless) requireRoot("removing the runtime");
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
  const isLast = !config.isRootless && (await releasePrograms(file));
  const units = isLast ? await removeUnits() : noUnits;
  const warnings = isLast ? await removeProfile(installDirectory) : [];
  if (isLast) await removePrograms();
  return { file, path: launcherPath, changed, active, ...units, warnings };
}

/** A user's engine runs the programs where he keeps them. */
function requireInPlace({ inPlace }: InstallOptions): void {
  if (inPlace) return;
  throw new BerthError("usage", "missing --in-place: the engine is rootless and its user's own", {
    hint: "Keep berth and berth-runtime where they can stay (example: ~/.local/bin), and use --in-place.",
  });
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

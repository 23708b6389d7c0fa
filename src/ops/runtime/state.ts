import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Contract } from "#contract/contract.ts";
import type { MachineRequest } from "#contract/request.ts";
import type { SecurityLabels } from "#contract/security-labels.ts";
import type { HeldCgroups } from "#host/cgroup/end-cgroups.ts";
import { inDirectory } from "#host/files/beneath.ts";
import { readPlainFile } from "#host/files/plain-file.ts";
import { closeStage } from "#host/namespace/stage/stage.ts";
import { readMonotonicClock } from "#host/process/monotonic-clock.ts";
import { findProcess } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { IdRange } from "#linux/id-range.ts";
import { idsPerSlot, slotBase } from "#oci/id-slots.ts";
import { hostDirectory, hostFile, stageDirectory, stateFile, stateMark } from "#oci/machine-state.ts";
import { closeBundle } from "./opened-bundle.ts";

/**
 * Writes what the machine's mounts and the launcher's later calls need; `cgroup` is where it may set limits,
 * unless its hook finds that out, `scope` where its init will be.
 */
export function writeState(
  state: string,
  needs: Pick<
    Contract,
    "stopSignal" | "environment" | "lacking" | "ids" | "capabilities" | "labels" | "machineId"
  >,
  request: Pick<MachineRequest, "manager"> & {
    readonly hostname: string | undefined;
    readonly cgroup: string | undefined;
    readonly scope: string | undefined;
  },
): void {
  beginState(state, needs.stopSignal);
  const host = join(state, hostDirectory);
  mkdirSync(host, { recursive: true, mode: 0o755 });
  writeFileSync(join(host, hostFile.manager), `${request.manager}\n`);
  writeFileSync(join(host, hostFile.uuid), `${needs.environment.container_uuid ?? ""}\n`);
  if (existsSync("/etc/os-release"))
    writeFileSync(join(host, hostFile.osRelease), readFileSync("/etc/os-release"));
  if (needs.lacking.length > 0)
    writeFileSync(join(state, stateFile.lacking), `${needs.lacking.join("\n")}\n`);
  if (needs.ids !== undefined)
    writeFileSync(join(state, stateFile.capabilities), `${needs.capabilities.join("\n")}\n`);
  for (const name of ["apparmor", "selinux"] as const)
    if (needs.labels[name] !== undefined)
      writeFileSync(join(state, stateFile[name]), `${needs.labels[name]}\n`);
  if (request.hostname !== undefined)
    writeFileSync(join(state, stateFile.hostname), `${request.hostname}\n`, { mode: 0o644 });
  if (request.scope !== undefined) writeFileSync(join(state, stateFile.scope), `${request.scope}\n`);
  if (request.cgroup !== undefined) writeFileSync(join(state, stateFile.limits), `${request.cgroup}\n`);
  if (needs.machineId !== undefined)
    writeFileSync(join(state, stateFile.machineId), `${needs.machineId}\n`, { mode: 0o444 });
}

/** Tries: this many sweeps do not come between creating a directory and marking it. */
const mostTries = 10;

/** A sweep may remove a directory without its mark at any moment. */
function beginState(state: string, stopSignal: number): void {
  for (let tries = 1; ; tries += 1) {
    try {
      mkdirSync(state, { recursive: true, mode: 0o755 });
      writeFileSync(join(state, stateMark), `${stopSignal}\n${readMonotonicClock()}\n`);
      return;
    } catch (error) {
      if (tries === mostTries || !hasErrno(error, ["ENOENT"])) throw error;
    }
  }
}

/**
 * A runtime that fails or is killed between the patch and the container never deletes it; a minute is longer
 * than any create.
 */
const staleAfterMs = 60_000;

/** Whether a state is older than any create still in progress; undefined if it is not a state. */
export function isOldState(state: string): boolean | undefined {
  const mark = readPlainFile(join(state, stateMark));
  if (mark === undefined) return undefined;
  const [, begun = ""] = mark.text.split("\n");
  // Written by an older release without a time, or by a process that was killed while writing the line.
  if (!/^-?\d+$/.test(begun)) return Math.abs(Date.now() - mark.modifiedMs) > staleAfterMs;
  const age = readMonotonicClock() - Number(begun);
  // A directory that outlives the host's boot holds what lies ahead.
  return age < 0 || age > staleAfterMs;
}

/**
 * Removes the states of machines that do not exist any more: of failed creates, and of killed engines. Keeps
 * a state whose cgroups `removeCgroups` could not remove, for the next sweep.
 */
export function sweepStates(
  directory: string,
  root: string,
  removeCgroups: (state: string) => readonly string[],
): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const id = entry.name;
    const state = join(directory, id);
    const isOld = isOldState(state);
    // A crash before or after the mark leaves only the directory.
    if (isOld === undefined) removeEmpty(state);
    else if (isOld && !existsSync(join(root, id)) && removeCgroups(state).length === 0) clearState(state);
  }
}

/**
 * Where a machine in a user namespace has its root and binds mounted until the runtime has taken them over.
 */
export function stageOf(state: string): string {
  return join(state, stageDirectory);
}

/** A machine in a user namespace of its own. */
export interface IsolatedMachine {
  /**
   * Its first process and the start time of that (proc_pid_stat(5), field 22), which states of older releases
   * lack.
   */
  readonly pid: number;
  readonly startTime: string | undefined;
  readonly range: IdRange;
  /** Where the engine has mounted its files. */
  readonly root: string;
}

/** Undefined for a machine that has none, or has not begun yet. */
export function readIsolated(state: string): IsolatedMachine | undefined {
  const [[pid, startTime], [root], [ids]] = [
    readLines(join(state, stateFile.pid)),
    readLines(join(state, stateFile.root)),
    readLines(join(state, stateFile.ids)),
  ];
  if (pid === undefined || root === undefined || ids === undefined) return undefined;
  const [first = 0, count = 0] = ids.split(" ").map(Number);
  return { pid: Number(pid), startTime, range: { base: slotBase(first), count: count * idsPerSlot }, root };
}

/**
 * Whether the process exists and still belongs to the machine: its start time matches, and its root has the
 * machine's ids.
 */
export function isIsolated({ pid, startTime, range }: IsolatedMachine): boolean {
  const found = findProcess(pid);
  if (found === undefined || (startTime !== undefined && found.startTime !== startTime)) return false;
  try {
    return Number(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/)[1]) === range.base;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH"])) return false;
    throw error;
  }
}

/**
 * The capabilities that the host lacked when the machine was made, and the machine's whole set if it has its
 * own.
 */
export function readCapabilities(state: string): {
  readonly lacking: readonly string[];
  readonly granted: readonly string[];
} {
  return {
    lacking: readLines(join(state, stateFile.lacking)),
    granted: readLines(join(state, stateFile.capabilities)),
  };
}

/** The labels that its processes have instead of those that the engine gives. */
export function readLabels(state: string): SecurityLabels {
  const [[apparmor], [selinux]] = [
    readLines(join(state, stateFile.apparmor)),
    readLines(join(state, stateFile.selinux)),
  ];
  return { apparmor, selinux };
}

/** Its own cgroup in each hierarchy. */
export const readCgroups = (state: string): readonly string[] => readLines(join(state, stateFile.cgroups));

/** Those in which some of it may be held. */
export function readHeld(state: string): HeldCgroups {
  return {
    freezer: readLines(join(state, stateFile.freezer)),
    limits: readLines(join(state, stateFile.limits)),
  };
}

function readLines(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/**
 * Removes a machine's state: only known files and the directories they leave empty, never a tree and never
 * through a link. So it cannot lose anything else, whatever the path names.
 */
export function clearState(state: string): void {
  inDirectory(dirname(state), basename(state), (place) => {
    closeStage(stageOf(place));
    closeBundle(place);
    removeFiles(place, Object.values(stateFile));
    inDirectory(place, hostDirectory, (host) => removeFiles(host, Object.values(hostFile)));
    removeEmpty(join(place, hostDirectory));
    removeFiles(place, [stateMark]);
  });
  removeEmpty(state);
}

function removeFiles(directory: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(directory, name), { force: true });
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    // Not this user's alone, not a directory, or removed by another start meanwhile.
    if (!hasErrno(error, ["ENOTEMPTY", "ENOENT", "ENOTDIR"])) throw error;
  }
}

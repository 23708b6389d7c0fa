import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { hasErrno } from "#host/syscall/errno.ts";
import { type Visit, walkCgroups } from "./cgroup-tree.ts";

/** A machine's cgroups in the hierarchies that matter here. */
export interface HeldCgroups {
  /** With which it may freeze some of itself (cgroup v1). */
  readonly freezer: readonly string[];
  /** In which it may set limits for some of itself. */
  readonly limits: readonly string[];
}

/**
 * Ends what remains of a killed machine: freezes it as a whole, so that none of it can freeze the rest
 * meanwhile, kills all processes, and thaws it. Lifts limits that the machine has set for parts of itself
 * (io, cpu), since processes may wait for them and end only then. Continues after a failure, then throws the
 * first one.
 */
export function endCgroups({ freezer, limits }: HeldCgroups): void {
  throughAll((attempt) => {
    const each = (cgroup: string, visit: Visit) =>
      attempt(() => walkCgroups(cgroup, (place, depth) => void attempt(() => visit(place, depth))));
    // On v1 frozen processes ignore SIGKILL, but they cannot create, rename or limit cgroups either.
    for (const cgroup of freezer) attempt(() => tell(join(cgroup, "freezer.state"), "FROZEN"));
    const killed = limits.map((cgroup) => attempt(() => killCgroup(cgroup)));
    if (!killed.includes(true)) {
      for (const cgroup of freezer.length > 0 ? freezer : limits) each(cgroup, killProcesses);
    }
    for (const cgroup of freezer) each(cgroup, thaw);
    // Its own limits are the engine's.
    for (const cgroup of limits) each(cgroup, (place, depth) => depth > 0 && lift(place));
  });
}

/** Thaws a cgroup and all below it. Source: cgroup v1, freezer-subsystem.txt. Throws as `endCgroups` does. */
export function freeCgroups(top: string): void {
  throughAll((attempt) =>
    walkCgroups(top, (place) => {
      attempt(() => thaw(place));
      attempt(() => lift(place));
    }),
  );
}

/** Runs all of the work despite failures; then throws the first one. */
function throughAll(work: (attempt: <T>(part: () => T) => T | undefined) => void): void {
  const failures: unknown[] = [];
  work((part) => {
    try {
      return part();
    } catch (error) {
      failures.push(error);
      return undefined;
    }
  });
  if (failures.length > 0) throw failures[0];
}

const thaw = (place: string) => tell(join(place, "freezer.state"), "THAWED");

/** The value for "no limit" of each file of a cgroup: a word, or lines that depend on its content. */
const lifting: Readonly<Record<string, string | ((text: string) => readonly string[])>> = {
  "cpu.cfs_quota_us": "-1",
  "cpu.max": "max",
  "io.max": (text) => devicesOf(text).map((device) => `${device} rbps=max wbps=max riops=max wiops=max`),
  ...Object.fromEntries(
    ["read_bps", "write_bps", "read_iops", "write_iops"].map((what) => [
      `blkio.throttle.${what}_device`,
      (text: string) => devicesOf(text).map((device) => `${device} 0`),
    ]),
  ),
};

const devicesOf = (text: string) => text.split("\n").flatMap((line) => line.match(/^\d+:\d+/) ?? []);

function lift(place: string): void {
  throughAll((attempt) => {
    for (const [name, words] of Object.entries(lifting)) attempt(() => tell(join(place, name), words));
  });
}

/**
 * Writes each line by one write(2); returns whether the file exists. Files differ by hierarchy, and a machine
 * of v1 may make directories of any name. Reads only where needed, since some files are write-only
 * (cgroup.kill).
 */
function tell(file: string, words: string | ((text: string) => readonly string[])): boolean {
  try {
    const lines = typeof words === "string" ? [words] : words(readFileSync(file, "utf8"));
    for (const line of lines) write(file, `${line}\n`);
    return true;
  } catch (error) {
    if (!hasErrno(error, ["ENOENT", "ENODEV", "EISDIR"])) throw error;
    return false;
  }
}

function write(file: string, text: string): void {
  const opened = openSync(file, constants.O_WRONLY);
  try {
    writeSync(opened, text);
  } finally {
    closeSync(opened);
  }
}

/** All at once, where the kernel can (cgroups(7), cgroup.kill): whether it can. */
const killCgroup = (cgroup: string) => tell(join(cgroup, "cgroup.kill"), "1");

/**
 * Each as soon as its number is read, before another process may have that. None is 0, which is of no
 * namespace that this process sees.
 */
function killProcesses(place: string): void {
  for (const pid of readProcesses(join(place, "cgroup.procs"))) {
    try {
      if (pid > 0) process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!hasErrno(error, ["ESRCH"])) throw error;
    }
  }
}

function readProcesses(file: string): readonly number[] {
  try {
    return readFileSync(file, "utf8").split("\n").map(Number);
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENODEV", "EOPNOTSUPP"])) return [];
    throw error;
  }
}

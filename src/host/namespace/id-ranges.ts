import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { readForeignIds } from "#host/facts/foreign-ids.ts";
import { isThere, parseProcessStat } from "#host/process/process-stat.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { lockFile } from "#host/syscall/syscalls.ts";
import type { IdRange } from "#linux/id-range.ts";
import { firstSlot, idsPerSlot, preferredSlot, slotBase, slots } from "#oci/id-slots.ts";
import { stateFile } from "#oci/machine-state.ts";

/**
 * Taken ranges: a link for each slot, to the state of its machine. Shared by all engines of the host,
 * embedded ones too.
 */
const idsDirectory = "/run/berth/ids";
/**
 * In an embedded engine: its root as the host sees it (example: `/proc/123/root`). Its links begin with that,
 * so that the host can follow them, and sees them dangle once the engine has ended. Undefined on the host.
 */
const ownRootFile = "/run/berth/root";

/**
 * Takes a range of host ids for a machine, its previous one if that is free, and records it in the machine's
 * state: removing the state frees the range. Holds a lock that a crash frees. Skips ids of accounts and
 * processes of this host. Throws `host-unfit` if all are taken.
 */
export async function takeIds(state: string, machineId: string, count: number): Promise<IdRange> {
  const wanted = Math.ceil(count / idsPerSlot);
  const { known, isOfDirectory } = readForeignIds();
  const refused: IdRange[] = [];
  for (;;) {
    const range = withLinks((links) => {
      // A failed start of the same machine may have left one in the same state: it is ours.
      rmSync(join(state, stateFile.ids), { force: true });
      links.removeFree();
      const first = findFree(wanted, preferredSlot(machineId), links, [...known, ...refused]);
      // First the machine's own note: a slot without it is free.
      writeFileSync(join(state, stateFile.ids), `${first} ${wanted}\n`);
      for (let slot = first; slot < first + wanted; slot += 1) links.add(slot, state);
      return rangeOf(first, wanted);
    });
    // Asked without the lock, since that may take a while.
    if (!isOfDirectory(range)) return range;
    refused.push(range);
  }
}

/**
 * Creates the directory that an embedded engine mounts, and keeps it: removing a mount point ends its mounts.
 * Returns the file in which the engine's init records its own line of /proc/PID/stat: with it, links by a
 * reused pid count as dangling.
 */
export function holdIds(engine: string): string {
  withLinks(() => writeFileSync(markOf(engine), ""));
  return markOf(engine);
}

/** Undoes that: removes the links to the engine's files, and the directory if it is empty. */
export function releaseIds(engine: string): void {
  if (!existsSync(idsDirectory)) return;
  withLinks((links) => {
    rmSync(markOf(engine), { force: true });
    links.removeFree();
    if (readdirSync(idsDirectory).length === 0) rmdirSync(idsDirectory);
  });
}

/** What machines of an embedded engine have, by the number of its init. */
export function idsOfEngine(pid: number): readonly IdRange[] {
  if (!existsSync(idsDirectory)) return [];
  return readdirSync(idsDirectory).flatMap((name) => {
    if (!/^\d+$/.test(name) || !targetOf(name).startsWith(`/proc/${pid}/root/`)) return [];
    return [rangeOf(Number(name), 1)];
  });
}

/** Where a link leads; nowhere where it has just gone. */
function targetOf(name: string): string {
  try {
    return readlinkSync(join(idsDirectory, name));
  } catch (error) {
    if (hasErrno(error, ["ENOENT"])) return "";
    throw error;
  }
}

const markPrefix = "engine-";
const markOf = (engine: string) => join(idsDirectory, markPrefix + engine);

const rangeOf = (first: number, wanted: number): IdRange => ({
  base: slotBase(first),
  count: wanted * idsPerSlot,
});

function findFree(wanted: number, preferred: number, links: Links, others: readonly IdRange[]): number {
  const places = slots - wanted + 1;
  for (let tried = 0; tried < places; tried += 1) {
    const first = firstSlot + ((preferred - firstSlot + tried) % places);
    const range = rangeOf(first, wanted);
    if (others.some((other) => overlap(other, range))) continue;
    if (Array.from({ length: wanted }, (_, index) => first + index).every(links.isFree)) return first;
  }
  throw new BerthError("host-unfit", `cannot find ${wanted * idsPerSlot} consecutive free ids on this host`, {
    hint: "stop a machine, or use profile strict",
  });
}

const overlap = (one: IdRange, other: IdRange) =>
  one.base < other.base + other.count && other.base < one.base + one.count;

interface Links {
  isFree(slot: number): boolean;
  add(slot: number, state: string): void;
  removeFree(): void;
}

/** Whether a pid may belong to an embedded engine: one that is alive, or has not recorded itself yet. */
function readEngines(): (pid: number) => boolean {
  const marks = readdirSync(idsDirectory).filter((name) => name.startsWith(markPrefix));
  const engines = marks.map((name) => parseProcessStat(readFileSync(join(idsDirectory, name), "utf8")));
  return (pid) => engines.some((engine) => engine === undefined || (engine.pid === pid && isThere(engine)));
}

/** Runs work on the links under a lock on the directory, which only root may enter. */
function withLinks<T>(work: (links: Links) => T): T {
  const lock = lockDirectory();
  try {
    return work(linksOf(existsSync(ownRootFile) ? readFileSync(ownRootFile, "utf8").trim() : ""));
  } finally {
    closeSync(lock);
  }
}

function lockDirectory(): number {
  for (;;) {
    mkdirSync(idsDirectory, { recursive: true, mode: 0o700 });
    const lock = openSync(idsDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
    // Made by an earlier release it was open to all.
    fchmodSync(lock, 0o700);
    lockFile(lock);
    // Its previous holder may have removed it meanwhile.
    if (fstatSync(lock).nlink > 0) return lock;
    closeSync(lock);
  }
}

function linksOf(ownRoot: string): Links {
  const isEngine = ownRoot === "" ? readEngines() : () => true;
  /**
   * A slot is taken while the state that its link names records it; only the host can judge an embedded
   * engine's links.
   */
  const isFree = (slot: number): boolean => {
    try {
      const target = readlinkSync(pathOf(slot));
      if (!target.startsWith(`${ownRoot}/`)) return false;
      const [, engine] = /^\/proc\/(\d+)\/root\//.exec(target) ?? [];
      if (engine !== undefined && !isEngine(Number(engine))) return true;
      const [first = 0, count = 0] = readFileSync(join(target.slice(ownRoot.length), stateFile.ids), "utf8")
        .split(" ")
        .map(Number);
      return slot < first || slot >= first + count;
    } catch (error) {
      if (hasErrno(error, ["ENOENT", "ENOTDIR"])) return true;
      throw error;
    }
  };
  return {
    isFree,
    add: (slot, state) => symlinkSync(`${ownRoot}${state}`, pathOf(slot)),
    removeFree() {
      for (const name of readdirSync(idsDirectory)) {
        if (/^\d+$/.test(name) && isFree(Number(name))) rmSync(pathOf(Number(name)), { force: true });
      }
    },
  };
}

const pathOf = (slot: number) => join(idsDirectory, String(slot));

import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { BerthError } from "../errors.ts";
import { idsPerSlot, preferredSlot, slotBase, slots } from "../oci/id-slots.ts";
import type { IdRange } from "../oci/user-namespace.ts";
import { hasErrno } from "./errno.ts";
import { lockFile } from "./syscalls.ts";

/** Taken ranges: a link for each slot, to the state of the machine that has it. */
const directory = "/run/berth/ids";

/**
 * Takes a range of host ids for a machine, the same one as before where it is free, and notes it down in the machine's
 * state: with that it is freed, whoever removes it. All under a lock that a crash frees. Throws `host-unfit` when all are taken.
 */
export function takeIds(state: string, machineId: string, count: number): IdRange {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const lock = openSync(join(directory, "lock"), "a", 0o600);
  try {
    lockFile(lock);
    // What a start that failed has left in the same state is nobody else's.
    rmSync(join(state, "ids"), { force: true });
    removeFree();
    const wanted = Math.ceil(count / idsPerSlot);
    const first = findFree(wanted, preferredSlot(machineId));
    // First the machine's own note: a slot without it is free.
    writeFileSync(join(state, "ids"), `${first} ${wanted}\n`);
    for (let slot = first; slot < first + wanted; slot += 1) symlinkSync(state, pathOf(slot));
    return { base: slotBase(first), count: wanted * idsPerSlot };
  } finally {
    closeSync(lock);
  }
}

function findFree(wanted: number, preferred: number): number {
  const places = slots - wanted + 1;
  for (let tried = 0; tried < places; tried += 1) {
    const first = (preferred + tried) % places;
    if (Array.from({ length: wanted }, (_, index) => first + index).every(isFree)) return first;
  }
  throw new BerthError("host-unfit", `no ${wanted * idsPerSlot} ids in a row are free on this host`, {
    hint: "stop a machine, or name the profile strict",
  });
}

const pathOf = (slot: number) => join(directory, String(slot));

/** A slot is taken as long as the state that its link names says so. */
function isFree(slot: number): boolean {
  try {
    const [first = 0, count = 0] = readFileSync(join(readlinkSync(pathOf(slot)), "ids"), "utf8")
      .split(" ")
      .map(Number);
    return slot < first || slot >= first + count;
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR"])) return true;
    throw error;
  }
}

/** Links of machines that are no more. */
function removeFree(): void {
  for (const name of readdirSync(directory)) {
    if (/^\d+$/.test(name) && isFree(Number(name))) unlinkSync(pathOf(Number(name)));
  }
}

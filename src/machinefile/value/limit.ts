import { idsOfSystem } from "#linux/id-range.ts";
import { usageError } from "#usage.ts";

/** A number of processors, as `docker run --cpus`: a decimal number of at least 0.01. */
export function parseCpus(input: string | number): number {
  const text = String(input).trim();
  const cpus = /^\d+(?:\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(cpus)) throw usageError(`"${text}" is not a number of processors; write such as 2 or 0.5`);
  if (cpus < 0.01) throw usageError(`${text} processors are too few; an engine wants 0.01 or more`);
  if (cpus > 65536) throw usageError(`${text} processors are more than any kernel knows`);
  return cpus;
}

/**
 * The processors a machine may run on, as `docker run --cpuset-cpus`: numbers and ranges, `0-3,6` (cpuset(7),
 * List Format).
 */
export function parseCpuset(input: string | number): string {
  const text = String(input).trim();
  for (const part of text.split(",")) {
    const [first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part)?.slice(1) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw usageError(`"${text}" is no list of processors; write such as 0-3,6`);
  }
  return text;
}

/**
 * A share of block I/O where others want it too, as `docker run --blkio-weight`: a whole number from 10 to
 * 1000.
 */
export function parseBlkioWeight(input: string | number): number {
  const text = String(input).trim();
  const weight = /^\d+$/.test(text) ? Number(text) : 0;
  if (weight < 10 || weight > 1000)
    throw usageError(`"${text}" is no weight of block I/O; write a whole number from 10 to 1000`);
  return weight;
}

/**
 * The most processes and threads a machine may have: a whole number of at least 1, at most 4194304 (pid_max,
 * proc(5)).
 */
export function parsePids(input: string | number): number {
  const text = String(input).trim();
  const pids = /^\d+$/.test(text) ? Number(text) : 0;
  if (pids < 1 || pids > 4194304)
    throw usageError(`"${text}" is not a number of processes; write a whole number from 1 to 4194304`);
  return pids;
}

const mostIds = 64 * idsOfSystem;

/** How many user and group ids a machine is to have; rounded up to whole systems. */
export function parseIds(input: string | number): number {
  const text = String(input).trim();
  const ids = /^\d+$/.test(text) ? Number(text) : 0;
  if (ids < idsOfSystem || ids > mostIds) {
    throw usageError(
      `"${text}" is not a number of ids; write a whole number from ${idsOfSystem} to ${mostIds}`,
    );
  }
  return Math.ceil(ids / idsOfSystem) * idsOfSystem;
}

import { idsOfSystem } from "#linux/id-range.ts";
import { invalid } from "./invalid.ts";

/** A number of processors, as `docker run --cpus`: a decimal number of at least 0.01. */
export function parseCpus(input: string | number): number {
  const text = String(input).trim();
  const cpus = /^\d+(?:\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN;
  // Also where it is NaN. An engine takes 0.01 at least, and no kernel knows more than 65536.
  if (!(cpus >= 0.01 && cpus <= 65536)) throw invalid("number of CPUs", text, "example: 1.5; 0.01 to 65536");
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
      throw invalid("CPU list", text, "example: 0-3,6");
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
  if (weight < 10 || weight > 1000) throw invalid("block I/O weight", text, "example: 300; 10 to 1000");
  return weight;
}

/**
 * The most processes and threads a machine may have: a whole number of at least 1, at most 4194304 (pid_max,
 * proc(5)).
 */
export function parsePids(input: string | number): number {
  const text = String(input).trim();
  const pids = /^\d+$/.test(text) ? Number(text) : 0;
  if (pids < 1 || pids > 4194304) throw invalid("number of processes", text, "example: 4096; 1 to 4194304");
  return pids;
}

const mostIds = 64 * idsOfSystem;

/** How many user and group ids a machine is to have; rounded up to whole systems. */
export function parseIds(input: string | number): number {
  const text = String(input).trim();
  const ids = /^\d+$/.test(text) ? Number(text) : 0;
  if (ids < idsOfSystem || ids > mostIds) {
    throw invalid("number of ids", text, `example: ${2 * idsOfSystem}; ${idsOfSystem} to ${mostIds}`);
  }
  return Math.ceil(ids / idsOfSystem) * idsOfSystem;
}

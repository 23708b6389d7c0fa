import { usageError } from "./usage.ts";

/** A number of processors, as `docker run --cpus`: a decimal number of at least 0.01. */
export function parseCpus(input: string | number): number {
  const text = String(input).trim();
  const cpus = /^\d+(?:\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(cpus)) throw usageError(`"${text}" is not a number of processors; write such as 2 or 0.5`);
  if (cpus < 0.01) throw usageError(`${text} processors are too few; an engine wants 0.01 or more`);
  if (cpus > 65536) throw usageError(`${text} processors are more than any kernel knows`);
  return cpus;
}

/** The most processes and threads a machine may have: a whole number of at least 1, at most 4194304 (pid_max, proc(5)). */
export function parsePids(input: string | number): number {
  const text = String(input).trim();
  const pids = /^\d+$/.test(text) ? Number(text) : 0;
  if (pids < 1 || pids > 4194304) throw usageError(`"${text}" is not a number of processes; write a whole number from 1 to 4194304`);
  return pids;
}

import type { IdRange } from "#linux/id-range.ts";
import { OwnProcess } from "./own-process.ts";

/** What a process that serves one machine's files is called with, as numbers in words: see `parseServed`. */
export interface Served {
  readonly device: number;
  readonly root: number;
  readonly range: IdRange;
  /** The process that starts it, with which it ends. */
  readonly parent: number;
}

/** The words after `berth runtime mirror`. */
const wordsOf = ({ device, root, range, parent }: Served) =>
  [device, root, range.base, range.count, parent].map(String);

/** What these words say; undefined for others. */
export function parseServed(words: readonly string[]): Served | undefined {
  const numbers = words.map(parseNumber);
  const [device, root, base, count, parent] = numbers;
  if (numbers.length !== 5 || device === undefined || root === undefined) return undefined;
  if (base === undefined || count === undefined || parent === undefined) return undefined;
  return { device, root, range: { base, count }, parent };
}

/**
 * Starts a process that serves one machine's files. A machine can block its files' readers, by a lock or a
 * throttle: then it blocks only this process.
 */
export const startServing = (served: Omit<Served, "parent">): OwnProcess =>
  OwnProcess.start(["mirror", ...wordsOf({ ...served, parent: process.pid })], [served.device, served.root]);

/** A decoy that a process is called to mount. */
export interface MountedDecoy {
  readonly device: number;
  readonly place: string;
  readonly parent: number;
}

/** What the words after `berth runtime decoy` say; undefined for others. */
export function parseDecoy(words: readonly string[]): MountedDecoy | undefined {
  const [device, parent] = words.slice(0, 2).map(parseNumber);
  const place = words[2];
  if (words.length !== 3 || device === undefined || parent === undefined) return undefined;
  return place?.startsWith("/") ? { device, place, parent } : undefined;
}

/** Starts a process that mounts a decoy, which waits for whoever reads the mirror below. */
export const startDecoy = (device: number, place: string): OwnProcess =>
  OwnProcess.start(["decoy", String(device), String(process.pid), place], [device]);

const parseNumber = (word: string) => (/^\d{1,10}$/.test(word) ? Number(word) : undefined);

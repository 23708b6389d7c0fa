import type { IdRange } from "#linux/id-range.ts";
import { OwnProcess } from "./own-process.ts";

/** What a process that serves one machine's files is called with, in words: see `parseServed`. */
export interface Served {
  readonly device: number;
  readonly root: number;
  readonly range: IdRange;
  /** The process that starts it, with which it ends. */
  readonly parent: number;
  /** Whether the mirror is what a decoy shows. */
  readonly isDecoy: boolean;
}

const decoyWord = "decoy";

/** The words after `berth runtime mirror`. */
const wordsOf = ({ device, root, range, parent, isDecoy }: Served) => [
  ...[device, root, range.base, range.count, parent].map(String),
  ...(isDecoy ? [decoyWord] : []),
];

/** What these words say; undefined for others. */
export function parseServed(words: readonly string[]): Served | undefined {
  const isDecoy = words[5] === decoyWord;
  const [device, root, base, count, parent] = words.slice(0, 5).map(parseNumber);
  if (words.length !== (isDecoy ? 6 : 5) || device === undefined || root === undefined) return undefined;
  if (base === undefined || count === undefined || parent === undefined) return undefined;
  return { device, root, range: { base, count }, parent, isDecoy };
}

/**
 * Starts a process that serves one machine's files. A machine can block its files' readers, by a lock or a
 * throttle: then it blocks only this process.
 */
export const startServing = (served: Omit<Served, "parent">): OwnProcess =>
  OwnProcess.start(["mirror", ...wordsOf({ ...served, parent: process.pid })], [served.device, served.root]);

/** A decoy that a process is called to mount: over a place, of the mirror at a directory. */
export interface MountedDecoy {
  readonly parent: number;
  readonly place: string;
  readonly directory: string;
}

/** What the words after `berth runtime decoy` say; undefined for others. */
export function parseDecoy(words: readonly string[]): MountedDecoy | undefined {
  const [parent, place, directory] = [parseNumber(words[0] ?? ""), words[1], words[2]];
  if (words.length !== 3 || parent === undefined) return undefined;
  return place?.startsWith("/") && directory?.startsWith("/") ? { parent, place, directory } : undefined;
}

/** Starts a process that mounts a decoy, which waits for whoever reads the mirror below. */
export const startDecoy = (place: string, directory: string): OwnProcess =>
  OwnProcess.start(["decoy", String(process.pid), place, directory], []);

const parseNumber = (word: string) => (/^\d{1,10}$/.test(word) ? Number(word) : undefined);

import { usageError } from "#usage.ts";

/** Keys that leave a console. */
export interface DetachKeys {
  /** One byte a key. */
  readonly keys: readonly number[];
  /** Milliseconds from the first to the last. */
  readonly within: number;
}

/** What to send on of some typed bytes, and whether these were the keys to leave. */
export interface Scanned {
  readonly forward: Buffer;
  readonly detached: boolean;
}

/**
 * Reads keys as docker writes them, divided by commas: `ctrl-]`, `ctrl-p`, `a`. A single key is to be pressed
 * three times within a second, as with systemd-nspawn; several are pressed one after another. Throws `usage`.
 */
export function parseDetachKeys(text: string): DetachKeys {
  const keys = text.split(",").map(parseKey);
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return { keys: [only, only, only], within: 1000 };
  return { keys, within: Number.POSITIVE_INFINITY };
}

function parseKey(text: string): number {
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(text)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
  if (/^[!-~]$/.test(text)) return text.charCodeAt(0);
  throw usageError(`invalid key "${text}" (examples: ctrl-], or ctrl-p,ctrl-q)`);
}

/**
 * Looks for the keys in what is typed, however it is cut. No key is held back: all but the last go to the
 * machine too, so that each can still be used inside.
 */
export function createDetachScanner({ keys, within }: DetachKeys): (bytes: Buffer, now: number) => Scanned {
  // Times of the latest bytes that match the beginning of the keys.
  let matched: readonly number[] = [];
  return (bytes, now) => {
    for (const [index, byte] of bytes.entries()) {
      matched = longestMatch(matched, keys, byte, now).filter((time) => now - time <= within);
      if (matched.length === keys.length) return { forward: bytes.subarray(0, index), detached: true };
    }
    return { forward: bytes, detached: false };
  };
}

/**
 * After one more byte: the longest beginning of the keys that what was typed now ends with (Knuth, Morris,
 * Pratt, in small).
 */
function longestMatch(
  times: readonly number[],
  keys: readonly number[],
  byte: number,
  now: number,
): readonly number[] {
  const typed = [...keys.slice(0, times.length), byte];
  const all = [...times, now];
  for (let start = 0; start < typed.length; start++) {
    if (typed.slice(start).every((value, index) => value === keys[index])) return all.slice(start);
  }
  return [];
}

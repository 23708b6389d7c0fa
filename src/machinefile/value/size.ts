import { invalid } from "./invalid.ts";

const powers = ["", "k", "m", "g", "t", "p"];
const smallestMemory = 6 * 1024 ** 2;

/**
 * A size in bytes: a number of bytes, or a number with b, k, m, g, t or p (powers of 1024), as `docker run
 * --memory` reads it: any letter case, a fraction, and a following `b` or `ib` are fine (`512M`, `1.5g`,
 * `64KiB`). The result is a whole number.
 */
export function parseSize(input: string | number): number {
  const text = String(input).trim();
  const match = /^(\d+(?:\.\d+)?) ?(?:b|([kmgtp])(?:i?b)?)?$/i.exec(text);
  if (match === null)
    throw invalid("size", text, "example: 512M; a number of bytes, or one with k, m, g or t");
  const bytes = Math.floor(Number(match[1]) * 1024 ** powers.indexOf((match[2] ?? "").toLowerCase()));
  if (!Number.isSafeInteger(bytes)) throw invalid("size", text, "example: 512M; less than 8p");
  return bytes;
}

/** A memory limit in bytes: a size of at least 6 MiB, the least the Docker Engine accepts. */
export function parseMemory(input: string | number): number {
  const bytes = parseSize(input);
  if (bytes < smallestMemory) {
    const bare = /^\d+$/.test(String(input).trim()) && bytes >= 6;
    throw invalid("memory", input, "example: 512M; at least 6M", bare ? `${bytes}M` : undefined);
  }
  return bytes;
}

/** The size of /dev/shm in bytes: at least one page, since an engine takes 0 for its default. */
export function parseShmSize(input: string | number): number {
  const bytes = parseSize(input);
  if (bytes < 4096) throw invalid("size of /dev/shm", input, "example: 64M; at least 4096");
  return bytes;
}

/** A limit of memory and swap together in bytes, or -1 for as much swap as there is. */
export function parseMemorySwap(input: string | number): number {
  return String(input).trim() === "-1" ? -1 : parseMemory(input);
}

import { closeSync, openSync, readSync } from "node:fs";

/**
 * The text of a file, which may be a pipe; undefined for one that is longer than so many bytes, of which no more is read: it may have
 * no end.
 */
export function readTextUpTo(path: string, longest: number): string | undefined {
  const file = openSync(path, "r");
  try {
    const content = Buffer.alloc(longest + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= longest; length += read)
      read = readSync(file, content, length, content.length - length, null);
    return length > longest ? undefined : content.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

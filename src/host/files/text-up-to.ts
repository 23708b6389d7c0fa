import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

/**
 * The text of a file, possibly a pipe; undefined if it is longer than this many bytes. Reads no further,
 * since it may be endless.
 */
export function readTextUpTo(path: string, longest: number): string | undefined {
  const file = openSync(path, "r");
  try {
    const content = Buffer.alloc(longest + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= longest; length += read)
      read = readSync(file, content, length, content.length - length, null);
    return textOf(content, length);
  } finally {
    closeSync(file);
  }
}

/**
 * The same for a pipe with a slow writer: rejects with the signal's reason once it is aborted. The pending
 * read then ends with this process.
 */
export async function readPipeUpTo(
  path: string,
  longest: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const read = async () => {
    await using file = await open(path, "r");
    const content = Buffer.alloc(longest + 1);
    let length = 0;
    for (let bytesRead = -1; bytesRead !== 0 && length <= longest; length += bytesRead)
      ({ bytesRead } = await file.read(content, length, content.length - length, null));
    return textOf(content, length);
  };
  try {
    return await Promise.race([read(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

const textOf = (content: Buffer, length: number) =>
  length === content.length ? undefined : content.toString("utf8", 0, length);

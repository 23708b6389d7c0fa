import { createByteReader } from "./byte-reader.ts";
import { TarError } from "./tar-error.ts";
import { blockSize, memberTypeOf, paddingOf, parseTarHeader } from "./tar-header.ts";

/** Bytes that are held at once. */
const longestPart = 2 ** 20;

/**
 * The content of a tar's first member, part by part: a file of `size` bytes, as an engine's archive of one
 * file has it. The stream is read to its end. Throws a `TarError` for any other tar.
 */
export async function* readFirstFile(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  const stream = chunks[Symbol.asyncIterator]();
  try {
    const { hasMore, take, skip } = createByteReader(stream);
    for (;;) {
      const header = (await hasMore()) ? parseTarHeader(await take(blockSize)) : undefined;
      if (header === undefined) throw new TarError("it has no file");
      // What precedes the member says its times and attributes (pax(5)), never its content.
      if (!/^[xg]$/.test(header.typeflag)) {
        if (memberTypeOf(header.typeflag, header.name) !== "file" || header.size !== size)
          throw new TarError(`it does not begin with a file of ${size} bytes`);
        break;
      }
      await skip(header.size + paddingOf(header.size));
    }
    for (let left = size; left > 0; ) {
      const part = await take(Math.min(left, longestPart));
      left -= part.length;
      yield part;
    }
    for (let next = await stream.next(); next.done !== true; ) next = await stream.next();
  } finally {
    await stream.return?.();
  }
}

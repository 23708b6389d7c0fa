import { TarError } from "./tar-error.ts";

/** Reads a stream by counts of bytes. `take` and `skip` throw a `TarError` if it ends early. */
export interface ByteReader {
  readonly hasMore: () => Promise<boolean>;
  readonly take: (bytes: number) => Promise<Buffer>;
  readonly skip: (bytes: number) => Promise<void>;
}

/** Holds no more than one chunk; returns views of it where possible. */
export function createByteReader(stream: AsyncIterator<Uint8Array>): ByteReader {
  let chunk: Uint8Array = new Uint8Array(0);
  const hasMore = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const { done, value } = await stream.next();
      if (done === true) return false;
      chunk = value;
    }
    return true;
  };
  const cut = async (most: number): Promise<Uint8Array> => {
    if (!(await hasMore())) throw new TarError("it ends within a member");
    const part = chunk.subarray(0, most);
    chunk = chunk.subarray(part.length);
    return part;
  };
  return {
    hasMore,
    async take(bytes: number): Promise<Buffer> {
      const parts: Uint8Array[] = [];
      for (let left = bytes; left > 0; left -= parts.at(-1)?.length ?? 0) parts.push(await cut(left));
      return parts.length === 1 ? asBuffer(parts[0] as Uint8Array) : Buffer.concat(parts);
    },
    async skip(bytes: number): Promise<void> {
      for (let left = bytes; left > 0; ) left -= (await cut(left)).length;
    },
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

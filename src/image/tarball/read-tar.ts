import { createByteReader } from "./byte-reader.ts";
import { type PaxRecords, parsePaxRecords } from "./pax-records.ts";
import { TarError } from "./tar-error.ts";
import {
  blockSize,
  type MemberType,
  memberTypeOf,
  paddingOf,
  parseTarHeader,
  type TarHeader,
} from "./tar-header.ts";

/** A member of a tar, with its long names and extended records, if it has any, in their places. */
export interface TarMember {
  readonly name: string;
  readonly type: MemberType;
  /** Where a link leads; else empty. */
  readonly linkname: string;
  /** Bytes of its content. */
  readonly size: number;
  readonly records: PaxRecords;
}

/** What a reader wants of a tar, and what it refuses by throwing. */
export interface TarReader {
  /** Asked before a member's content is read: how many bytes of it the caller wants. */
  readonly wanted: (member: TarMember) => number;
  /** Called with a global header's size in bytes before berth skips it. */
  readonly onGlobal?: (bytes: number) => void;
}

/** Bytes of a long name, or of the extended records of one member. */
const longestExtension = 4 * 2 ** 20;

const noRecords: PaxRecords = new Map();

/**
 * The members of a plain tar (ustar, pax, GNU), each with as many bytes of its content as are wanted; the
 * stream is read to its end. Never holds more than a chunk, an extension and what is wanted. Global headers
 * say nothing, as for the engines. Throws a `TarError` for what is damaged, cut off or no tar, and what the
 * stream or `reader` throws.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  reader: TarReader,
): AsyncGenerator<{ readonly member: TarMember; readonly content: Buffer }> {
  const stream = chunks[Symbol.asyncIterator]();
  const { hasMore, take, skip } = createByteReader(stream);
  try {
    let extension: Extension = {};
    while (await hasMore()) {
      const block = await take(blockSize);
      const header = parseTarHeader(block);
      if (header === undefined) continue;
      for (let more = hasMoreMap(header, block); more; ) more = (await take(blockSize))[504] !== 0;
      const { typeflag, size } = header;
      if (typeflag === "g") {
        reader.onGlobal?.(size);
        await skip(size + paddingOf(size));
      } else if (isExtension(typeflag)) {
        if (size > longestExtension) throw new TarError(`a header has ${size} bytes`);
        extension = { ...extension, ...parseExtension(typeflag, await take(size)) };
        await skip(paddingOf(size));
      } else {
        const member = memberOf(header, extension);
        extension = {};
        const content = await take(Math.min(member.size, reader.wanted(member)));
        yield { member, content };
        await skip(member.size - content.length + paddingOf(member.size));
      }
    }
  } finally {
    await stream.return?.();
  }
}

/** GNU's sparse files (tar(5)): further blocks hold the map of the data when it is long. */
const hasMoreMap = ({ typeflag }: TarHeader, block: Buffer): boolean => typeflag === "S" && block[482] !== 0;

/** Records about the next member that precede its own header. */
interface Extension {
  readonly name?: string;
  readonly linkname?: string;
  readonly records?: PaxRecords;
}

/** pax(5)'s records, and GNU's long names (tar(5)). */
const isExtension = (typeflag: string): boolean => /^[xLK]$/.test(typeflag);

function parseExtension(typeflag: string, bytes: Buffer): Extension {
  if (typeflag === "x") return { records: parsePaxRecords(bytes) };
  const end = bytes.indexOf(0);
  const text = bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
  return typeflag === "L" ? { name: text } : { linkname: text };
}

function memberOf(header: TarHeader, { name, linkname, records = noRecords }: Extension): TarMember {
  const full = records.get("path") || name || header.name;
  const size = records.get("size") || header.size;
  if (!/^\d+$/.test(String(size)) || !Number.isSafeInteger(Number(size)))
    throw new TarError("a member's size is invalid");
  return {
    name: full,
    type: memberTypeOf(header.typeflag, full),
    linkname: records.get("linkpath") || linkname || header.linkname,
    size: hasContent(header.typeflag) ? Number(size) : 0,
    records,
  };
}

/** Links, devices, directories and FIFOs have no content, whatever their size field says. */
const hasContent = (typeflag: string): boolean => !/^[1-6]$/.test(typeflag);

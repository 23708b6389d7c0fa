import { TarError } from "./tar-error.ts";

/** What a member of a tar is; `other` are devices, FIFOs and what is unknown. */
export type MemberType = "file" | "link" | "symlink" | "directory" | "other";

/** The first block of a member (POSIX.1-2024, pax, "ustar Interchange Format"; tar(5) for GNU's). */
export interface TarHeader {
  readonly name: string;
  readonly linkname: string;
  /** The letter that says what the member is. */
  readonly typeflag: string;
  /** Bytes of the content that follows. */
  readonly size: number;
}

export const blockSize = 512;

/** Bytes from the end of a content to the next member. */
export const paddingOf = (size: number): number => -size & (blockSize - 1);

/**
 * Parses a block; undefined for one of zeros. Throws a `TarError` where the checksum, the format or the size
 * is invalid.
 */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  const sum = sumOf(block);
  if (sum === emptySum) return undefined;
  if (sum !== parseNumber(block, field.checksum)) throw new TarError("a header's checksum is wrong");
  const magic = block.toString("latin1", 257, 265);
  // Whatever its version: some packers leave that empty, and engines do not ask for it.
  const isUstar = magic.startsWith("ustar\0");
  if (!isUstar && magic !== "ustar  \0") throw new TarError("a header is of an unknown format");
  const prefix = isUstar ? parseText(block, field.prefix) : "";
  const name = parseText(block, field.name);
  const size = parseNumber(block, field.size);
  if (!Number.isSafeInteger(size) || size < 0) throw new TarError("a header's size is invalid");
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkname: parseText(block, field.linkname),
    typeflag: block.toString("latin1", 156, 157),
    size,
  };
}

/** The kind for a type flag; old tars mark a directory only by the slash at the end of its name. */
export function memberTypeOf(typeflag: string, name: string): MemberType {
  switch (typeflag) {
    case "0":
    case "\0":
      return name.endsWith("/") ? "directory" : "file";
    case "7":
    case "S":
      return "file";
    case "1":
      return "link";
    case "2":
      return "symlink";
    case "5":
      return "directory";
    default:
      return "other";
  }
}

/** What is written of a member besides what is read; it belongs to root. */
export interface WrittenHeader extends TarHeader {
  readonly mode: number;
  /** Unix time, seconds. */
  readonly mtime: number;
}

/** The block of a member; undefined when a name is too long for it. */
export function renderTarHeader(member: WrittenHeader): Buffer | undefined {
  const split = splitName(member.name);
  if (split === undefined || Buffer.byteLength(member.linkname) > field.linkname.length) return undefined;
  const block = Buffer.alloc(blockSize);
  block.write(split.name, field.name.at);
  writeOctal(block, 100, 6, member.mode);
  writeOctal(block, 108, 6, 0);
  writeOctal(block, 116, 6, 0);
  writeSize(block, member.size);
  writeOctal(block, 136, 11, member.mtime);
  block.write(member.typeflag, 156, "latin1");
  block.write(member.linkname, field.linkname.at);
  block.write("ustar\x0000", 257, "latin1");
  writeOctal(block, 329, 6, 0);
  writeOctal(block, 337, 6, 0);
  block.write(split.prefix, field.prefix.at);
  writeOctal(block, field.checksum.at, 6, sumOf(block));
  return block;
}

interface Field {
  readonly at: number;
  readonly length: number;
}

const field = {
  name: { at: 0, length: 100 },
  size: { at: 124, length: 12 },
  checksum: { at: 148, length: 8 },
  linkname: { at: 157, length: 100 },
  prefix: { at: 345, length: 155 },
} as const satisfies Record<string, Field>;

/** The checksum's own field counts as spaces. */
function sumOf(block: Buffer): number {
  const { at, length } = field.checksum;
  let sum = emptySum;
  for (let index = 0; index < blockSize; index += 1)
    if (index < at || index >= at + length) sum += block[index] ?? 0;
  return sum;
}

/** Of a block of zeros. */
const emptySum = field.checksum.length * 0x20;

function parseText(block: Buffer, { at, length }: Field): string {
  const end = block.indexOf(0, at);
  return block.toString("utf8", at, end < 0 ? at + length : Math.min(end, at + length));
}

/** Octal digits, or GNU's binary number behind a byte of its own. NaN for anything else. */
function parseNumber(block: Buffer, { at, length }: Field): number {
  const bytes = block.subarray(at, at + length);
  if (bytes[0] === 0x80) return Number(`0x${bytes.toString("hex", 1)}`);
  const digits = bytes.toString("latin1").replace(/^[\0 ]+|[\0 ].*$/gs, "");
  return digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function writeOctal(block: Buffer, at: number, digits: number, value: number): void {
  block.write(`${value.toString(8).padStart(digits, "0")} `, at, "latin1");
}

/** Eleven octal digits hold less than 8 GiB. */
function writeSize(block: Buffer, size: number): void {
  const { at, length } = field.size;
  if (size < 8 ** 11) {
    writeOctal(block, at, 11, size);
  } else {
    block[at] = 0x80;
    block.write(size.toString(16).padStart(2 * (length - 1), "0"), at + 1, "hex");
  }
}

/** The name in its two fields, cut at a slash; undefined when it does not fit. */
function splitName(path: string): { readonly prefix: string; readonly name: string } | undefined {
  if (Buffer.byteLength(path) <= field.name.length) return { prefix: "", name: path };
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name === "" || Buffer.byteLength(prefix) > field.prefix.length) return undefined;
    if (Buffer.byteLength(name) <= field.name.length) return { prefix, name };
  }
  return undefined;
}

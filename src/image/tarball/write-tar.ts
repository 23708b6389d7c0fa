import { renderPaxRecord } from "./pax-records.ts";
import { blockSize, paddingOf, renderTarHeader, type WrittenHeader } from "./tar-header.ts";

/** A member to write; its owner is root, and its time the epoch unless it is given. */
export interface NewMember {
  readonly name: string;
  readonly type?: "file" | "symlink" | "directory";
  /** Bytes of the content, which follows the header, and `padding` that. */
  readonly size?: number;
  /** chmod(2); 0644 by default, of a directory 0755. */
  readonly mode?: number;
  /** Where a link leads. */
  readonly linkname?: string;
  /** Unix time, seconds. */
  readonly mtime?: number;
}

const typeflags = { file: "0", symlink: "2", directory: "5" } as const;

/** The blocks before a member's content (POSIX.1-2024, pax), with extended records if its names need them. */
export function renderMember(member: NewMember): Buffer {
  const { name, type = "file", size = 0, linkname = "", mtime = 0 } = member;
  const mode = member.mode ?? (type === "directory" ? 0o755 : 0o644);
  const header: WrittenHeader = { name, typeflag: typeflags[type], size, linkname, mode, mtime };
  const block = isAscii(name + linkname) ? renderTarHeader(header) : undefined;
  if (block !== undefined) return block;
  const records = Buffer.from(
    renderPaxRecord("path", name) + (linkname === "" ? "" : renderPaxRecord("linkpath", linkname)),
  );
  return Buffer.concat([
    renderPlain({ ...header, typeflag: "x", size: records.length }),
    records,
    padding(records.length),
    renderPlain(header),
  ]);
}

/** The padding after this many bytes of content. */
export const padding = (size: number): Buffer => Buffer.alloc(paddingOf(size));

/** A member with its content. */
export function* packMember(member: Omit<NewMember, "size">, content: Uint8Array): Generator<Uint8Array> {
  yield renderMember({ ...member, size: content.length });
  yield content;
  yield padding(content.length);
}

/** What ends a tar: two blocks of zeros. */
export const endOfTar = Buffer.alloc(2 * blockSize);

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** A header whose names are in the preceding records. */
function renderPlain(header: WrittenHeader): Buffer {
  return renderTarHeader({ ...header, name: "PaxHeader", linkname: "" }) as Buffer;
}

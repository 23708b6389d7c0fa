import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Readable } from "node:stream";
import type { RootFiles } from "#contract/guest.ts";
import { BerthError } from "#errors.ts";
import { walkSymlinks } from "#linux/symlink-walk.ts";
import { readTar, type TarMember } from "./read-tar.ts";
import { TarError } from "./tar-error.ts";
import { blockSize } from "./tar-header.ts";
import { TarRoom } from "./tar-room.ts";

type Kind = "directory" | "file" | "symlink";

interface Entry {
  readonly kind: Kind;
  /** A symbolic link's target. */
  readonly target?: string;
  readonly text?: string;
  /** Whether a file begins as elf(5) has it. */
  readonly isElf?: boolean;
}

/**
 * Every path of a tar, absolute, without what is in the files but for the few that the contract reads, and
 * how programs begin.
 */
export type TarIndex = ReadonlyMap<string, Entry>;

export interface TarReading {
  readonly index: TarIndex;
  /** Of the whole plain tar: SHA-256 in hex, and length in bytes. */
  readonly sha256: string;
  readonly bytes: number;
}

const longestText = 64 * 1024;

/**
 * Reads a plain tar to its end. Throws `file-invalid` if it is not a tar, is damaged or cut off, or exceeds a
 * root's limits (see `TarRoom`); passes on the stream's own errors. `what` names the source in messages.
 * Throws the signal's reason when that fires.
 */
export async function readTarIndex(
  source: Readable,
  what: string,
  signal?: AbortSignal,
): Promise<TarReading> {
  const index = new Map<string, Entry>([["/", directory]]);
  const room = new TarRoom(what);
  const plain = measure(source, signal);
  try {
    const members = readTar(plain.chunks, {
      onGlobal: (bytes) => room.checkGlobal(bytes),
      wanted: (member) => {
        room.check(member);
        return member.size <= longestText && isRead(absolute(member.name)) ? longestText : elf.length;
      },
    });
    for await (const { member, content } of members) add(index, room, member, content);
  } catch (error) {
    throw error instanceof TarError ? invalid(what, error, plain.bytes()) : error;
  }
  // tar(5): two blocks of zeros end an archive; a file cut off between two members lacks them.
  if (plain.bytes() === 0) throw new BerthError("file-invalid", `${what} is empty`);
  if (plain.last().some((byte) => byte !== 0))
    throw new BerthError("file-invalid", `${what} is cut off: it lacks a tar's end-of-archive blocks`);
  return { index, sha256: plain.sha256(), bytes: plain.bytes() };
}

/** The chunks of a stream, and what they come to as far as they were read. */
function measure(source: Readable, signal: AbortSignal | undefined) {
  const hash = createHash("sha256");
  let bytes = 0;
  let last: Buffer = Buffer.alloc(0);
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      hash.update(chunk);
      last = chunk.length >= blockSize ? chunk : Buffer.concat([last, chunk]);
      last = last.subarray(-blockSize);
      yield chunk;
    }
  }
  return { chunks: chunks(), bytes: () => bytes, last: () => last, sha256: () => hash.digest("hex") };
}

function invalid(what: string, cause: TarError, bytes: number): BerthError {
  const reason = bytes < blockSize ? "it is too short for one" : cause.message;
  return new BerthError(
    "file-invalid",
    `${what} is not a tar of a root filesystem, or is damaged: ${reason}`,
    {
      cause,
      hint: "Make one with `tar -C ROOT --numeric-owner --acls --xattrs -cf root.tar .`.",
    },
  );
}

const absolute = (name: string): string => {
  const path = posix.normalize(`/${name}`);
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
};

/** os-release(5) may be a link to a file of any such name. */
const isRead = (path: string): boolean =>
  path === "/etc/machine-id" || posix.basename(path).startsWith("os-release");

const elf = "\x7fELF";

const directory: Entry = { kind: "directory" };

function add(index: Map<string, Entry>, room: TarRoom, member: TarMember, content: Buffer): void {
  const { type, linkname } = member;
  const path = absolute(member.name);
  const put = (at: string, entry: Entry) => {
    room.take(at, entry.target ?? "", entry.text ?? "");
    index.set(at, entry);
  };
  // Directories need no entries of their own in a tar.
  for (let parent = posix.dirname(path); !index.has(parent); parent = posix.dirname(parent))
    put(parent, directory);
  if (path === "/") return;
  if (type === "symlink") put(path, { kind: "symlink", target: linkname });
  else if (type === "directory") put(path, directory);
  else if (type === "link") put(path, index.get(absolute(linkname)) ?? plain);
  else put(path, fileOf(path, content));
}

const plain: Entry = { kind: "file" };
const program: Entry = { kind: "file", isElf: true };

function fileOf(path: string, begin: Buffer): Entry {
  const isElf = begin.toString("latin1", 0, elf.length) === elf;
  return isRead(path) ? { kind: "file", isElf, text: begin.toString() } : isElf ? program : plain;
}

/** The root in a tar, as the contract reads it. Every symbolic link is resolved inside it. */
export function tarFiles(index: TarIndex): RootFiles {
  const resolve = (path: string) => resolveIn(index, path);
  return {
    resolve,
    read(path) {
      const resolved = resolve(path);
      return resolved === undefined ? undefined : index.get(resolved)?.text;
    },
    isElf(path) {
      const resolved = resolve(path);
      return resolved !== undefined && index.get(resolved)?.isElf === true;
    },
    list(path) {
      const resolved = resolve(path);
      if (resolved === undefined) return [];
      const prefix = resolved === "/" ? "/" : `${resolved}/`;
      return [...index.keys()]
        .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/") && key !== "/")
        .map((key) => posix.basename(key));
    },
  };
}

function resolveIn(index: TarIndex, path: string): string | undefined {
  const walked = walkSymlinks(path, (place) => {
    const entry = index.get(place);
    if (entry?.kind === "symlink") return { target: entry.target ?? "" };
    return entry?.kind === "file" ? "other" : entry?.kind;
  });
  return walked === undefined || walked.missing.length > 0 ? undefined : walked.found;
}

/**
 * The directory that contains the whole tar if the tar is not a root itself: `rootfs` of a tar of `rootfs/…`.
 */
export function onlyDirectory(index: TarIndex): string | undefined {
  const [only, ...others] = tarFiles(index).list("/");
  return only !== undefined && others.length === 0 && index.get(`/${only}`)?.kind === "directory"
    ? only
    : undefined;
}

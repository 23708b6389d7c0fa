import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, read, statSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import type { Engine } from "#engine/connection/engine.ts";
import { loadImages } from "#engine/images.ts";
import { BerthError } from "#errors.ts";
import { trustedUsers, withWay } from "#host/files/path-steps.ts";
import { sha256 } from "#host/files/sha256.ts";
import { explainDiskFull } from "#image/store/disk-full.ts";
import { changed, packImage } from "#image/store/image-archive.ts";
import { renderImageConfig } from "#plan/image/image-config.ts";
import { parseRootFacts, type RootFacts } from "#plan/image/root-facts.ts";
import { tooLong } from "#plan/machine/path-access.ts";
import { type Compression, decompress, detectCompression } from "./compression.ts";
import { onlyDirectory, readTarIndex, tarFiles } from "./tar-index.ts";

/** An open tarball of a root: all readings see the same file, even if its name is replaced meanwhile. */
export interface Tarball {
  readonly path: string;
  readonly compression: Compression;
  readonly descriptor: number;
  /** Bytes. Readings stop there, even if the file grows. */
  readonly size: number;
  /** SHA-256 of the file in hex from an earlier reading; the next must match. */
  readonly sha256?: string;
}

/**
 * Opens a root's tarball (plain, gzip, xz, zstd or bzip2, whatever its name), passes it to `use`, and closes
 * it. Throws `file-missing`, `file-untrusted` for a file in another user's FUSE, and `file-invalid` if it is
 * not a regular file, unreadable, or in another known format.
 */
export async function withTarball<T>(path: string, use: (tarball: Tarball) => Promise<T>): Promise<T> {
  const descriptor = openTarball(path);
  try {
    const { bytesRead, buffer } = await readFrom(descriptor, Buffer.alloc(512), 0, 512, 0);
    return await use({
      path,
      compression: detectCompression(buffer.subarray(0, bytesRead)),
      descriptor,
      size: fstatSync(descriptor).size,
    });
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A descriptor of the very file that was checked, even if its name is replaced meanwhile. Never blocks on a
 * FIFO, a lease or a FUSE.
 */
function openTarball(path: string): number {
  return withWay(resolve(path), trustedUsers({}), ({ steps, end }, place) => {
    if (end === "unseen") {
      const fuse = `another user's file system (FUSE), ${steps.at(-1)?.path}`;
      throw new BerthError("file-untrusted", `${path} lies in ${fuse}, which might never answer`, {
        hint: "Copy it to a directory of this host's own, and name that.",
      });
    }
    if (end === "too-long")
      throw new BerthError("file-invalid", `cannot open ${path}: ${tooLong}`, {
        hint: "use a shorter path",
      });
    if (place === undefined && /^\/proc\/\d+\/fd\/\d+$/.test(steps.at(-1)?.path ?? "")) throw noFile(path);
    if (place === undefined) {
      throw new BerthError("file-missing", `file ${path} does not exist`, {
        hint: `Check the path and its permissions: \`namei -l ${path}\`.`,
      });
    }
    const stat = statSync(place);
    if (stat.isDirectory()) {
      throw new BerthError("file-invalid", `${path} is a directory, not a tarball`, {
        hint: `Pack it first: \`tar -C ${path} --numeric-owner --acls --xattrs -cf root.tar .\`.`,
      });
    }
    if (!stat.isFile()) throw noFile(path);
    try {
      return openSync(place, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      throw new BerthError("file-invalid", `cannot read ${path}`, { cause });
    }
  });
}

const noFile = (path: string) =>
  new BerthError(
    "file-invalid",
    `${path} is a pipe, a device or a socket; berth reads a tarball twice, so it must be a file`,
    {
      hint: `Write it to a file, and name that: \`cat ${path} >root.tar\`.`,
    },
  );

const readFrom = promisify(read);

/** SHA-256 of the file as it is, in hex. Throws the signal's reason when that fires. */
export async function hashTarball(tarball: Tarball, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of raw(tarball, signal)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** The result of one whole reading of a tarball. */
export interface TarballFacts extends RootFacts {
  /** Of the plain tar: SHA-256 in hex, and length in bytes. */
  readonly sha256: string;
  readonly bytes: number;
  /** SHA-256 of the file as it is, in hex. */
  readonly fileSha256: string;
}

/**
 * Reads the tarball once, to its end, and returns what machine it makes. Throws `file-invalid` if it is
 * damaged, cut off, or differs from an earlier reading, `no-os`, `no-init`, `tool-missing` if the unpacking
 * program is not installed, and the signal's reason when that fires.
 */
export async function inspectTarball(tarball: Tarball, signal?: AbortSignal): Promise<TarballFacts> {
  const { compression, path } = tarball;
  // A file of a few bytes may unpack to terabytes, and one of terabytes to nothing: neither keeps an
  // interruption waiting.
  const file = hashByPosition();
  const source = raw(tarball, signal, file.take);
  const { index, sha256, bytes } = await readTarIndex(decompress(source, compression, path), path, signal);
  // What unpacks it may leave something unread behind the end of what is compressed.
  for await (const _ of readChunks(tarball, signal, file.take, file.length()));
  const fileSha256 = file.digest();
  if (tarball.sha256 !== undefined && tarball.sha256 !== fileSha256) throw changed(path);
  return { ...parseRootFacts(tarFiles(index), onlyDirectory(index), path), sha256, bytes, fileSha256 };
}

export interface ImportOptions {
  readonly reference: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As the engine calls it: amd64, arm64. */
  readonly architecture: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams a tarball into the engine without a copy on disk. Reads it once before sending a byte: the image's
 * configuration precedes its content, and a bad file never reaches the engine. Throws `file-invalid` if the
 * sent bytes differ from those read, since a writer to the file could otherwise make the engine load any
 * image under any name. Then the engine gets no image.
 */
export async function importTarball(engine: Engine, tarball: Tarball, options: ImportOptions): Promise<void> {
  const { labels, architecture, reference, signal } = options;
  const facts = await inspectTarball(tarball, signal);
  const config = renderImageConfig(
    { facts, labels, architecture, created: new Date() },
    facts.sha256,
    sha256,
  );
  // Engines unpack gzip themselves, so it stays small on its way to a remote one; xz and zstd need programs
  // which may not be there.
  const layer =
    tarball.compression === "gzip"
      ? { stream: raw(tarball), size: tarball.size, sha256: facts.fileSha256 }
      : {
          stream: decompress(raw(tarball), tarball.compression, tarball.path),
          size: facts.bytes,
          sha256: facts.sha256,
        };
  try {
    await loadImages(
      engine,
      packImage(reference, config, { ...layer, diffId: facts.sha256, source: tarball.path }),
      { signal },
    );
  } catch (error) {
    // The engine holds a root twice while it loads it: as it came, and unpacked.
    throw await explainDiskFull(engine, error, 2 * facts.bytes);
  }
}

/** The file from its start; it stays open, to be read again. */
const raw = (tarball: Tarball, signal?: AbortSignal, take?: Take): Readable =>
  Readable.from(readChunks(tarball, signal, take), { objectMode: false });

/** Is given each chunk and where in the file it begins. */
type Take = (chunk: Buffer, position: number) => void;

/**
 * A SHA-256 of chunks that follow each other; one that was taken already, by another reading, is passed over.
 */
function hashByPosition(): {
  readonly take: Take;
  readonly length: () => number;
  readonly digest: () => string;
} {
  const hash = createHash("sha256");
  let length = 0;
  const take: Take = (chunk, position) => {
    if (position !== length) return;
    hash.update(chunk);
    length += chunk.length;
  };
  return { take, length: () => length, digest: () => hash.digest("hex") };
}

async function* readChunks(
  { descriptor, size }: Tarball,
  signal?: AbortSignal,
  take?: Take,
  from = 0,
): AsyncGenerator<Buffer> {
  for (let position = from; position < size; ) {
    signal?.throwIfAborted();
    const length = Math.min(1 << 18, size - position);
    const { bytesRead, buffer } = await readFrom(descriptor, Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    take?.(chunk, position);
    position += bytesRead;
    yield chunk;
  }
}

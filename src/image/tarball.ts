import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, read, statSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { explainDiskFull } from "../engine/disk-full.ts";
import type { Engine } from "../engine/engine.ts";
import { loadImages } from "../engine/images.ts";
import { BerthError } from "../errors.ts";
import { trustedUsers, withWay } from "../host/path-steps.ts";
import { type Compression, decompress, detectCompression } from "./compression.ts";
import { packImage, renderImageConfig } from "./image-archive.ts";
import { type RootFacts, readRootFacts } from "./root-facts.ts";
import { onlyDirectory, readTarIndex, tarFiles } from "./tar-index.ts";

/** A root's tarball, open, so that all readings are of the same file even if another takes its name meanwhile. */
export interface Tarball {
  readonly path: string;
  readonly compression: Compression;
  readonly descriptor: number;
  /** Bytes. No reading goes on beyond them, however much is written to it meanwhile. */
  readonly size: number;
}

/**
 * Opens a root's tarball (plain, gzip, xz, zstd or bzip2, whatever its name), hands it to `use`, and closes it.
 * Throws `file-missing`, `file-untrusted` for one in another user's FUSE, and `file-invalid` for what is no file, cannot be read or is
 * known to be something else.
 */
export async function withTarball<T>(path: string, use: (tarball: Tarball) => Promise<T>): Promise<T> {
  const descriptor = openTarball(path);
  try {
    const { bytesRead, buffer } = await readFrom(descriptor, Buffer.alloc(512), 0, 512, 0);
    return await use({ path, compression: detectCompression(buffer.subarray(0, bytesRead)), descriptor, size: fstatSync(descriptor).size });
  } finally {
    closeSync(descriptor);
  }
}

/** A descriptor of the very file that was looked at, whoever exchanges it meanwhile: nobody waits for a FIFO, a lease or a FUSE. */
function openTarball(path: string): number {
  return withWay(resolve(path), trustedUsers({}), ({ steps, end }, place) => {
    if (end === "unseen") {
      const fuse = `another user's file system (FUSE), ${steps.at(-1)?.path}`;
      throw new BerthError("file-untrusted", `${path} lies in ${fuse}, where it may never be read to its end`, {
        hint: "Copy it to a directory of this host's own, and name that.",
      });
    }
    if (place === undefined && /^\/proc\/\d+\/fd\/\d+$/.test(steps.at(-1)?.path ?? "")) throw noFile(path);
    if (place === undefined) {
      throw new BerthError("file-missing", `there is no file ${path}`, {
        hint: `See how far its path leads, and whether you may go there: \`namei -l ${path}\`.`,
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
      throw new BerthError("file-invalid", `${path} cannot be read`, { cause });
    }
  });
}

const noFile = (path: string) =>
  new BerthError("file-invalid", `${path} is a pipe, a device or a socket; a tarball is a file, to be read twice`, {
    hint: `Write it to a file, and name that: \`cat ${path} >root.tar\`.`,
  });

const readFrom = promisify(read);

/** SHA-256 of the file as it is, in hex. Throws the signal's reason when that fires. */
export async function hashTarball(tarball: Tarball, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of raw(tarball, signal)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** What a whole reading of a tarball told. */
export interface TarballFacts extends RootFacts {
  /** Of the plain tar: SHA-256 in hex, and length in bytes. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Reads the tarball once, to its end, and says what machine it makes. Throws `file-invalid` when it is damaged or cut
 * off, `no-os`, `no-init`, `tool-missing` when the program that unpacks it is not installed, and the signal's reason when that fires.
 */
export async function inspectTarball(tarball: Tarball, signal?: AbortSignal): Promise<TarballFacts> {
  const { compression, path } = tarball;
  // A file of a few bytes may unpack to terabytes, and one of terabytes to nothing: neither keeps an interruption waiting.
  const { index, sha256, bytes } = await readTarIndex(decompress(raw(tarball, signal), compression, path), path, signal);
  return { ...readRootFacts(tarFiles(index), onlyDirectory(index), tarball.path), sha256, bytes };
}

export interface ImportOptions {
  readonly reference: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As the engine calls it: amd64, arm64. */
  readonly architecture: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams a tarball into the engine; nothing is copied on the way. It is read once before the first byte is sent: what
 * starts the image stands ahead of its content, and a bad file never gets to the engine.
 */
export async function importTarball(engine: Engine, tarball: Tarball, options: ImportOptions): Promise<void> {
  const { labels, architecture, reference, signal } = options;
  const facts = await inspectTarball(tarball, signal);
  const config = renderImageConfig({ facts, labels, architecture, created: new Date() }, facts.sha256);
  // Engines unpack gzip themselves, so it stays small on its way to a remote one; xz and zstd need programs which may not be there.
  const layer =
    tarball.compression === "gzip"
      ? { stream: raw(tarball), size: tarball.size }
      : { stream: decompress(raw(tarball), tarball.compression, tarball.path), size: facts.bytes };
  try {
    await loadImages(engine, packImage(reference, config, { ...layer, diffId: facts.sha256 }), { signal });
  } catch (error) {
    // The engine holds a root twice while it loads it: as it came, and unpacked.
    throw await explainDiskFull(engine, error, 2 * facts.bytes);
  }
}

/** The file from its start; it stays open, to be read again. */
const raw = (tarball: Tarball, signal?: AbortSignal): Readable => Readable.from(readChunks(tarball, signal), { objectMode: false });

async function* readChunks({ descriptor, size }: Tarball, signal?: AbortSignal): AsyncGenerator<Buffer> {
  for (let position = 0; position < size; ) {
    signal?.throwIfAborted();
    const length = Math.min(1 << 18, size - position);
    const { bytesRead, buffer } = await readFrom(descriptor, Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

import { totalmem } from "node:os";
import { PassThrough, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { BerthError } from "#errors.ts";
import { readPackageManager } from "#host/process/package-manager.ts";
import { spawn } from "#host/process/spawn.ts";
import { isNotInstalled } from "#host/process/start-error.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { installHint } from "#linux/package.ts";

export type Compression = "none" | "gzip" | "xz" | "zstd" | "bzip2";

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]], // RFC 1952, 2.3.1
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]], // The .xz File Format, 2.1.1.1
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]], // RFC 8878, 3.1.1
  ["bzip2", [0x42, 0x5a, 0x68]],
];

/** Detects a file's compression by its first bytes; ignores its name. */
export function detectCompression(start: Uint8Array): Compression {
  return magics.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0] ?? "none";
}

/** What a program says is one line. */
const longestReason = 1000;

/**
 * Mebibytes that a program may take to unpack: what a tarball asks for is its author's choice, up to 4 GiB.
 * The largest presets of xz and zstd take 65 and 128 MiB, `zstd --long=31` takes 2 GiB.
 */
const mostMebibytes = () => Math.min(2048, Math.max(256, Math.floor(totalmem() / 2 ** 20 / 4)));

const options: Readonly<
  Record<Exclude<Compression, "none" | "gzip">, (mebibytes: number) => readonly string[]>
> = {
  xz: (mebibytes) => ["-dc", `--memlimit-decompress=${mebibytes}MiB`],
  zstd: (mebibytes) => ["-dcq", `--memory=${mebibytes}MiB`],
  // Takes 4 MiB at most.
  bzip2: () => ["-dc"],
};

/**
 * The plain bytes of a compressed stream. The returned stream fails with errors of either side:
 * `file-invalid` if the data is damaged, cut off, or needs more than this many mebibytes to unpack,
 * `tool-missing` if the unpacking program is not installed. `what` names the source in messages.
 */
export function decompress(
  source: Readable,
  compression: Compression,
  what: string,
  mebibytes = mostMebibytes(),
): Readable {
  if (compression === "none") return source;
  const plain = new PassThrough();
  const fail = (error: Error | null | undefined) =>
    void (error && plain.destroy(asFileInvalid(error, { compression, what, mebibytes })));
  source.once("error", fail);
  plain.once("close", () => void source.destroy());
  if (compression === "gzip") {
    const gunzip = createGunzip();
    gunzip.on("error", fail);
    source.pipe(gunzip).pipe(plain);
    return plain;
  }
  // Node's zlib has no xz or bzip2, and of zstd it reads no long-distance window; the programs do.
  const child = spawn(compression, [...options[compression](mebibytes)], { stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(0, longestReason);
  });
  child.once("error", (cause) =>
    fail(isNotInstalled(cause) ? notInstalled(compression, what, cause) : cause),
  );
  // A program that gives up early closes its input: report its exit status instead of EPIPE.
  child.stdin.on("error", (error) => {
    if (!hasErrno(error, ["EPIPE"])) fail(error);
  });
  source.pipe(child.stdin);
  child.stdout.pipe(plain, { end: false });
  child.once("close", (status, signal) => {
    if (status === 0) plain.end();
    else fail(new Error(stderr.trim() || `${compression} ended with ${status ?? signal}`));
  });
  plain.once("close", () => void child.kill());
  return plain;
}

const notInstalled = (program: string, what: string, cause: Error) =>
  new BerthError("tool-missing", `${what} is compressed with ${program}, which is not installed`, {
    cause,
    hint: `${installHint(program, readPackageManager()) ?? `Install ${program}.`} Or unpack the file first.`,
  });

/** `file-invalid` for what went wrong with the data, unless a step before has its own error. */
function asFileInvalid(
  cause: Error,
  {
    compression,
    what,
    mebibytes,
  }: { readonly compression: Compression; readonly what: string; readonly mebibytes: number },
): Error {
  if (cause instanceof BerthError) return cause;
  const orLarge =
    compression === "xz" || compression === "zstd"
      ? `, or takes more than ${mebibytes} MiB of memory to unpack`
      : "";
  return new BerthError("file-invalid", `${what} is damaged or cut off${orLarge}: ${cause.message}`, {
    cause,
  });
}

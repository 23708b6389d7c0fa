import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type Compression, decompress } from "./compression.ts";

/**
 * Each with a window of 64 MiB, which the first bytes ask for: `cat` keeps from the programs how little there
 * is.
 */
const packed: readonly (readonly [Compression, string])[] = [
  ["xz", "echo text | cat | xz -9"],
  ["zstd", "head -c 70M /dev/zero | zstd -q --long=26"],
];

test.each(packed)("%s: no more memory is taken than may be", async (compression, script) => {
  const content = execFileSync("sh", ["-c", script]);
  const unpack = (mebibytes?: number) =>
    buffer(decompress(Readable.from([content]), compression, "root.tar", mebibytes));
  const message = expect.stringContaining(
    "root.tar is damaged or cut off, or takes more than 32 MiB of memory to unpack: ",
  );
  expect(unpack(32)).rejects.toMatchObject({ code: "file-invalid", message });
  expect((await unpack()).length).toBeGreaterThan(4);
});

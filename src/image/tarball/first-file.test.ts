import { expect, test } from "bun:test";
import { readFirstFile } from "./first-file.ts";
import { TarError } from "./tar-error.ts";
import { endOfTar, packMember, renderMember } from "./write-tar.ts";

const content = Buffer.alloc(3_000_001, "root");
const file = [...packMember({ name: "root.tar" }, content)];

/** In parts that end nowhere in particular. */
async function* stream(...parts: readonly Uint8Array[]) {
  const whole = Buffer.concat(parts);
  for (let at = 0; at < whole.length; at += 65_537) yield whole.subarray(at, at + 65_537);
}
const read = async (size: number, ...parts: readonly Uint8Array[]) =>
  Buffer.concat(await Array.fromAsync(readFirstFile(stream(...parts), size)));

test("gives a file's content, whatever is said about it before and comes behind", async () => {
  expect(content.equals(await read(content.length, ...file, endOfTar))).toBe(true);
  const records = Buffer.from("30 mtime=1350244992.023960108\n");
  const [header = Buffer.alloc(0), ...rest] = [...packMember({ name: "pax" }, records)];
  const extended = Buffer.from(header);
  extended.write("x", 156, "latin1");
  extended.fill(" ", 148, 156);
  const sum = extended.reduce((total, byte) => total + byte, 0);
  extended.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  const more = [...packMember({ name: "other" }, Buffer.from("no"))];
  expect(content.equals(await read(content.length, extended, ...rest, ...file, ...more, endOfTar))).toBe(
    true,
  );
});

test("throws for another size, another kind, a cut end, and nothing", async () => {
  const directory = renderMember({ name: "root.tar", type: "directory" });
  for (const [size, ...parts] of [
    [content.length - 1, ...file, endOfTar],
    [0, directory, endOfTar],
    [content.length, Buffer.concat(file).subarray(0, 2_000_000)],
    [1, endOfTar],
    [1],
  ] as const)
    await expect(read(size, ...parts)).rejects.toThrow(TarError);
});

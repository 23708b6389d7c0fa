import { expect, test } from "bun:test";
import { parseJsonLines } from "./json-lines.ts";

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const lines = Buffer.from('{"a":"ü"}\r\n\n{"a":2}\n{"a":3}');

test.each([1, 2, 5, 100])("lines in pieces of %d bytes", async (size) => {
  expect(await Array.fromAsync(parseJsonLines(pieces(lines, size)))).toEqual([
    { a: "ü" },
    { a: 2 },
    { a: 3 },
  ]);
});

test("a line that is not JSON", async () => {
  const values = Array.fromAsync(parseJsonLines(pieces(Buffer.from('{"a":1}\n{"a":'), 4)));
  await expect(values).rejects.toMatchObject({ code: "engine-api" });
});

import { expect, test } from "bun:test";
import { captureText, createCapture, sizeOf } from "./capture.ts";

test.each<[chunks: readonly string[], text: string, isCut: boolean]>([
  [[], "", false],
  [["ab", "cd"], "abcd", false],
  [["a".repeat(1024)], "a".repeat(1024), false],
  [["a".repeat(1023), "bc"], `${"a".repeat(1023)}b\n… cut at 1 KiB`, true],
  [["a".repeat(5000), "b"], `${"a".repeat(1024)}\n… cut at 1 KiB`, true],
])("what is kept of %#", (chunks, text, isCut) => {
  const capture = createCapture(1024);
  const wantsMore = chunks.map((chunk) => capture.push(Buffer.from(chunk)));
  expect([capture.text(), capture.isCut]).toEqual([text, isCut]);
  expect(wantsMore.at(-1) ?? true).toBe(!isCut);
});

test("a stream that says too much is left", async () => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given += 1;
      yield Buffer.alloc(300);
    }
  }
  expect((await captureText(endless(), 1024)).isCut).toBe(true);
  expect(given).toBe(4);
});

test.each([
  [4096, "4 KiB"],
  [1024 * 1024, "1 MiB"],
])("%d bytes are %s", (bytes, text) => expect(sizeOf(bytes)).toBe(text));

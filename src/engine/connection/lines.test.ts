import { expect, test } from "bun:test";
import { createLineDresser, createLineSplitter } from "./lines.ts";

test.each<[chunks: readonly string[], lines: readonly string[], rest: string | undefined]>([
  [["a\nb\n"], ["a", "b"], undefined],
  [["a", "b", "c\nd"], ["abc"], "d"],
  [["\n\n", "x\r\n"], ["", "", "x\r"], undefined],
  [[""], [], undefined],
  [["gr\u00fc", "n\n"], ["gr\u00fcn"], undefined],
])("lines of %j", (chunks, lines, rest) => {
  const splitter = createLineSplitter();
  expect(chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)).map(String))).toEqual([...lines]);
  expect(splitter.end()?.toString()).toBe(rest as string);
  expect(splitter.end()).toBeUndefined();
});

test("a prefix stands before whole lines, wherever the pieces end, and bytes stay as they are", () => {
  const prefixer = createLineDresser((line) => Buffer.concat([Buffer.from("web | "), line]));
  const bytes = Buffer.from([0x61, 0xff, 0x00, 0x0a, 0x0a, 0xc3, 0x28]);
  const out = Array.from(bytes, (_, index) => prefixer.push(bytes.subarray(index, index + 1)));
  const expected = Buffer.concat([
    Buffer.from("web | a"),
    Buffer.from([0xff, 0x00]),
    Buffer.from("\nweb | \nweb | "),
    Buffer.from([0xc3, 0x28]),
    Buffer.from("\n"),
  ]);
  expect(Buffer.concat([...out, prefixer.end()])).toEqual(expected);
  expect(prefixer.end()).toHaveLength(0);
});

test("a line without an end comes in pieces, so that it fills no memory; nothing of it is lost", () => {
  const splitter = createLineSplitter(4);
  const lines = ["ab", "cd", "ef", "g\nxxxx", "\n", "y\n"].map((chunk) =>
    splitter.push(Buffer.from(chunk)).map(String),
  );
  expect(lines).toEqual([[], ["abcd"], [], ["efg", "xxxx"], [], ["y"]]);
  expect(splitter.end()).toBeUndefined();
});

import { expect, test } from "bun:test";
import { parseInterpreter } from "./elf-interpreter.ts";

/** A header, and one program header of that type for the text behind it. */
function elf(type: number, text: string): Buffer {
  const file = Buffer.alloc(64 + 56 + text.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(type, 64);
  file.writeBigUInt64LE(120n, 64 + 8);
  file.writeBigUInt64LE(BigInt(text.length), 64 + 32);
  file.write(text, 120);
  return file;
}

test("the interpreter is the text of PT_INTERP", () => {
  expect(parseInterpreter(elf(3, "/lib64/ld-linux-x86-64.so.2\0"), "x")).toBe("/lib64/ld-linux-x86-64.so.2");
});

test("a static program has none", () => {
  expect(parseInterpreter(elf(1, "code"), "x")).toBeUndefined();
});

const whole = elf(3, "/lib/ld.so\0");
test.each([
  ["empty", Buffer.alloc(0)],
  ["a script", Buffer.from("#!/bin/sh\n".padEnd(80))],
  ["of 32 bits", Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1]), Buffer.alloc(80)])],
  ["cut off in its headers", whole.subarray(0, 100)],
  ["cut off in the text", whole.subarray(0, 125)],
])("a file that is %s is refused by name", (_, file) => {
  expect(() => parseInterpreter(file, "/usr/sbin/nft")).toThrow("/usr/sbin/nft: unsupported executable");
});

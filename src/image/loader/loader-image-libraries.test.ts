import { expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import { parseLibraryList } from "./loader-image-libraries.ts";

const interpreter = "ld-linux-x86-64.so.2";
const read = (text: string) => [...parseLibraryList(text, interpreter, "/usr/sbin/nft")];

test("names and files, without the interpreter and the kernel's own", () => {
  const text =
    "\tlinux-vdso.so.1 (0x00007f37f70cf000)\n" +
    "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f37f6dc0000)\n" +
    "\tlibodd.so.1 => /opt/a b/libodd.so.1 (0x00007f37f6dc0000)\n" +
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f37f70d1000)\n";
  expect(read(text)).toEqual([
    ["libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"],
    ["libodd.so.1", "/opt/a b/libodd.so.1"],
  ]);
});

test("an interpreter that is written with an arrow is none of them", () => {
  expect(read("\t/lib64/ld-linux-x86-64.so.2 => /usr/lib/ld-linux-x86-64.so.2 (0x1)\n")).toEqual([]);
});

test("the library that every processor can run", () => {
  expect(read("\tlibz.so.1 => /usr/lib/glibc-hwcaps/x86-64-v3/libz.so.1 (0x1)\n")).toEqual([
    ["libz.so.1", "/usr/lib/libz.so.1"],
  ]);
});

test("a static program", () => {
  expect(read("\tstatically linked\n")).toEqual([]);
});

test("a missing library is named", () => {
  try {
    read("\tlibedit.so.2 => not found\n");
  } catch (error) {
    expect(hasCode(error, "tool-missing") && [error.message, error.details]).toEqual([
      "/usr/sbin/nft needs the library libedit.so.2, which is not installed",
      { library: "libedit.so.2", program: "/usr/sbin/nft" },
    ]);
    return;
  }
  expect.unreachable();
});

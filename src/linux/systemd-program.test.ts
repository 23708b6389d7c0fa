import { expect, test } from "bun:test";
import { systemdVersionIn } from "./systemd-program.ts";

test.each([
  ["\x7fELF\0libc.so.6\0libsystemd-core-252.so\0libsystemd-shared-252.so\0", 252],
  ["\x7fELF\0libsystemd-shared-241.so\0libc.so.6\0", 241],
  ["\x7fELF\0libsystemd-core-252-14.el9.so\0", 252],
  ["\x7fELF\0libsystemd.so.0\0libc.so.6\0", undefined],
  ["no name: libsystemd-shared-252.so", undefined],
  ["", undefined],
])("%p is systemd %p", (program, version) => expect(systemdVersionIn(program)).toBe(version));

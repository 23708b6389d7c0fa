import { expect, test } from "bun:test";
import { hasDirectory } from "./name-service.ts";

test.each([
  ["passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\nshadow: files\nhosts: files dns\n", false],
  ["passwd:\tfiles sss\ngroup: files\n", true],
  ["passwd: files\ngroup: files winbind\n", true],
  ["passwd: files # sss\n", false],
  ["passwd: files\nhosts: files dns sss\n", false],
  ["", false],
])("a directory behind %j: %p", (text, found) => {
  expect(hasDirectory(text)).toBe(found);
});

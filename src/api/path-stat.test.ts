import { expect, test } from "bun:test";
import { parsePathStat } from "./path-stat.ts";

test.each([
  ["a file", 0o644, { type: "file", mode: 0o644 }],
  ["a folder", 2 ** 31 + 0o755, { type: "directory", mode: 0o755 }],
  ["a sticky folder", 2 ** 31 + 2 ** 20 + 0o777, { type: "directory", mode: 0o1777 }],
  ["a link", 2 ** 27 + 0o777, { type: "symlink", mode: 0o777 }],
  ["set-uid and set-gid", 2 ** 23 + 2 ** 22 + 0o755, { type: "file", mode: 0o6755 }],
  ["a character device", 2 ** 26 + 2 ** 21 + 0o660, { type: "other", mode: 0o660 }],
  ["a socket", 2 ** 24 + 0o666, { type: "other", mode: 0o666 }],
])("%s", (_name, mode, stat) => {
  const header = Buffer.from(
    JSON.stringify({ name: "n", size: 5, mode, mtime: "2024-01-02T03:04:05Z", linkTarget: "" }),
  ).toString("base64");
  expect(parsePathStat(header) as unknown).toEqual({
    name: "n",
    size: 5,
    mtime: "2024-01-02T03:04:05Z",
    linkTarget: "",
    ...stat,
  });
});

test("a header that is not base64 of JSON", () => {
  expect(() => parsePathStat("?")).toThrow(expect.objectContaining({ code: "engine-api" }));
});

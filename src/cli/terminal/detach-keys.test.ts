import { expect, test } from "bun:test";
import { createDetachScanner, parseDetachKeys } from "./detach-keys.ts";

const bracket = 0x1d;

test.each([
  ["ctrl-]", [bracket, bracket, bracket], 1000],
  ["Ctrl-A", [1, 1, 1], 1000],
  ["ctrl-p,ctrl-q", [16, 17], Number.POSITIVE_INFINITY],
  ["~,.", [126, 46], Number.POSITIVE_INFINITY],
])("%s", (text, keys, within) => {
  expect(parseDetachKeys(text)).toEqual({ keys, within });
});

test.each(["", "ctrl-", "ctrl-1", "ctrl-p,", "ab", "ctrl-pq"])("%p is no key", (text) => {
  expect(() => parseDetachKeys(text)).toThrow(expect.objectContaining({ code: "usage" }));
});

type Typed = readonly [text: string, at: number];

test.each<[keys: string, typed: readonly Typed[], forwarded: string, detached: boolean]>([
  ["ctrl-]", [["\x1d\x1d\x1d", 0]], "\x1d\x1d", true],
  [
    "ctrl-]",
    [
      ["ls\r\x1d", 0],
      ["\x1d", 400],
      ["\x1dx", 900],
    ],
    "ls\r\x1d\x1d",
    true,
  ],
  [
    "ctrl-]",
    [
      ["\x1d", 0],
      ["\x1d", 400],
      ["\x1d", 1001],
    ],
    "\x1d\x1d\x1d",
    false,
  ],
  [
    "ctrl-]",
    [
      ["\x1d", 0],
      ["\x1d", 900],
      ["\x1d", 1300],
      ["\x1d", 1500],
    ],
    "\x1d\x1d\x1d",
    true,
  ],
  [
    "ctrl-]",
    [
      ["\x1d\x1d", 0],
      ["a\x1d", 1],
    ],
    "\x1d\x1da\x1d",
    false,
  ],
  [
    "ctrl-p,ctrl-q",
    [
      ["\x10", 0],
      ["\x11", 90_000],
    ],
    "\x10",
    true,
  ],
  [
    "ctrl-p,ctrl-q",
    [
      ["\x10\x10", 0],
      ["\x11rest", 0],
    ],
    "\x10\x10",
    true,
  ],
  ["ctrl-p,ctrl-q", [["\x11\x10a\x11", 0]], "\x11\x10a\x11", false],
  [
    "a,b,a,c",
    [
      ["abab", 0],
      ["ac", 0],
    ],
    "ababa",
    true,
  ],
])("%s in %j", (keys, typed, forwarded, detached) => {
  const scan = createDetachScanner(parseDetachKeys(keys));
  const scanned = typed.map(([text, at]) => scan(Buffer.from(text), at));
  expect(Buffer.concat(scanned.map(({ forward }) => forward)).toString()).toBe(forwarded);
  expect(scanned.at(-1)?.detached).toBe(detached);
});

import { expect, test } from "bun:test";
import { parsePaxRecords, renderPaxRecord } from "./pax-records.ts";

// A record's length counts its own digits (POSIX.1-2024, pax).
test.each([
  ["k", "", "5 k=\n"],
  ["k", "vwxy", "9 k=vwxy\n"],
  ["k", "vwxyz", "11 k=vwxyz\n"],
  ["ä", "é", "8 ä=é\n"],
  ["path", "x".repeat(90), `99 path=${"x".repeat(90)}\n`],
  ["path", "x".repeat(91), `101 path=${"x".repeat(91)}\n`],
])("%s=%s", (keyword, value, record) => {
  expect(renderPaxRecord(keyword, value)).toBe(record);
  expect(Buffer.byteLength(record)).toBe(Number.parseInt(record, 10));
  expect([...parsePaxRecords(Buffer.from(record + record.replace("=", "2=")))][0]).toEqual([keyword, value]);
});

test.each(["", "x", "0 k=v\n", "-1 k=v\n", "3 kv\n", "7 kv\n\n\n", "99999999999999999999 k=v\n"])(
  "%j holds none",
  (text) => {
    expect(parsePaxRecords(Buffer.from(text)).size).toBe(0);
  },
);

test("a later record of a keyword counts, and a line feed may be in a value", () => {
  expect([...parsePaxRecords(Buffer.from("6 k=a\n8 k=a\nb\n"))]).toEqual([["k", "a\nb"]]);
});

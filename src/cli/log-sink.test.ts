import { expect, test } from "bun:test";
import { readConsoleLine, readJournalLine } from "./log-sink.ts";

test.each([
  ["2030-01-31T12:00:00.123456789Z hello\r", { __REALTIME_TIMESTAMP: "1896091200123456", MESSAGE: "hello" }],
  ["2030-01-31T12:00:00.5Z a  b", { __REALTIME_TIMESTAMP: "1896091200500000", MESSAGE: "a  b" }],
  ["2030-01-31T12:00:00Z ", { __REALTIME_TIMESTAMP: "1896091200000000", MESSAGE: "" }],
  ["no time\r", { MESSAGE: "no time" }],
])("console %p", (line, expected) => {
  expect(readConsoleLine(line) as object).toEqual(expected);
});

test.each([
  ['{"MESSAGE":"a","PRIORITY":"6"}', { MESSAGE: "a", PRIORITY: "6" }],
  ["-- remark --", { MESSAGE: "-- remark --" }],
  ["null", { MESSAGE: "null" }],
])("journal %p", (line, expected) => {
  expect(readJournalLine(line) as object).toEqual(expected);
});

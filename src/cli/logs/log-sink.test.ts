import { expect, test } from "bun:test";
import { type Context, openContext } from "#cli/frame/context.ts";
import { parseGlobals } from "#cli/frame/global-options.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import { jsonSink, parseConsoleLine, parseJournalLine, textSink } from "./log-sink.ts";

test.each([
  ["2030-01-31T12:00:00.123456789Z hello\r", { __REALTIME_TIMESTAMP: "1896091200123456", MESSAGE: "hello" }],
  ["2030-01-31T12:00:00.5Z a  b", { __REALTIME_TIMESTAMP: "1896091200500000", MESSAGE: "a  b" }],
  ["2030-01-31T12:00:00Z ", { __REALTIME_TIMESTAMP: "1896091200000000", MESSAGE: "" }],
  ["no time\r", { MESSAGE: "no time" }],
])("console %p", (line, expected) => {
  expect(parseConsoleLine(line) as object).toEqual(expected);
});

test.each([
  ['{"MESSAGE":"a","PRIORITY":"6"}', { MESSAGE: "a", PRIORITY: "6" }],
  ["-- remark --", { MESSAGE: "-- remark --" }],
  ["null", { MESSAGE: "null" }],
  ['{"MESSAGE":[1,2],"A":["x",[3]],"B":null}', { MESSAGE: [1, 2], A: ["x", [3]], B: null }],
  ['{"A":[[[1]]]}', { MESSAGE: '{"A":[[[1]]]}' }],
])("journal %p", (line, expected) => {
  expect(parseJournalLine(line) as object).toEqual(expected);
});

test("what a machine has nested without end ends no log, and none passes for another", async () => {
  const memory = memoryIo({});
  const { context } = openContext(memory.io, parseGlobals({ json: true }), memory.io.signal);
  const sink = jsonSink(context, "web", parseJournalLine);
  const line = `{"A":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  await sink.push({ stream: "stdout", data: Buffer.from(`${line}\n{"MESSAGE":"next","machine":"other"}\n`) });
  await sink.end();
  expect(
    memory
      .stdout()
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text)),
  ).toEqual([
    { machine: "web", MESSAGE: line },
    { machine: "web", MESSAGE: "next" },
  ]);
});

const hostile = "\x1b]0;owned\x07\x1b[32mfine\x1b[0m\r\nrest";

test.each([
  ["a terminal, alone", true, "", "\x1b[32mfine\x1b[0m\x1b[m\nrest\n"],
  ["a terminal, with a prefix", true, "web | ", "web | \x1b[32mfine\x1b[0m\x1b[m\nweb | rest\n"],
  ["a pipe", false, "", hostile],
  ["a pipe, with a prefix", false, "web | ", `web | ${hostile.replace("\n", "\nweb | ")}\n`],
])("a log to %s", async (_, terminal, prefix, expected) => {
  for (const stream of ["stdout", "stderr"] as const) {
    const memory = memoryIo({ terminal });
    const sink = textSink({ io: memory.io } as Context, prefix);
    for (const byte of hostile) await sink.push({ stream, data: Buffer.from(byte) });
    await sink.end();
    expect(memory[stream]()).toBe(expected);
  }
});

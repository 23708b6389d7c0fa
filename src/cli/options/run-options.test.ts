import { expect, test } from "bun:test";
import { memoryIo } from "#cli/test/memory-io.ts";
import { commandEnvironment, type StreamOptions, wantsTerminal } from "./run-options.ts";

const plain: StreamOptions = { interactive: false, tty: false, noTty: false };
const global = {
  host: undefined,
  context: undefined,
  file: undefined,
  json: false,
  quiet: false,
  noColor: false,
  debug: false,
};

test.each<[terminal: boolean, json: boolean, Partial<StreamOptions>, { tty: boolean; stdin: boolean }]>([
  [false, false, {}, { tty: false, stdin: false }],
  [false, false, { interactive: true }, { tty: false, stdin: true }],
  [false, false, { tty: true }, { tty: true, stdin: false }],
  [true, false, {}, { tty: true, stdin: true }],
  [true, false, { noTty: true }, { tty: false, stdin: false }],
  [true, false, { noTty: true, interactive: true }, { tty: false, stdin: true }],
  [true, true, {}, { tty: false, stdin: false }],
  [true, false, { detach: true }, { tty: false, stdin: false }],
])("terminal %p, json %p, %j", (terminal, json, options, expected) => {
  const { io } = memoryIo({ terminal });
  expect(wantsTerminal({ io, global: { ...global, json } }, { ...plain, ...options })).toEqual(expected);
});

test.each<[boolean, boolean, Partial<StreamOptions>]>([
  [false, false, { tty: true, interactive: true }],
  [true, false, { tty: true, noTty: true }],
  [true, true, { tty: true }],
])("terminal %p, json %p, %j go not together", (terminal, json, options) => {
  const { io } = memoryIo({ terminal });
  expect(() => wantsTerminal({ io, global: { ...global, json } }, { ...plain, ...options })).toThrow(
    expect.objectContaining({ code: "usage" }),
  );
});

test.each([
  [["A=b", "MINE", "NONE"], false, ["A=b", "MINE=1", "NONE"]],
  [[], true, ["TERM=vt100"]],
  [["A="], true, ["TERM=vt100", "A="]],
  [["TERM=dumb"], true, ["TERM=dumb"]],
  [["TERM"], true, ["TERM=vt100"]],
])("variables %j, terminal %p", (given, tty, expected) => {
  expect([...commandEnvironment({ MINE: "1", TERM: "vt100" }, given, tty)]).toEqual(expected);
});

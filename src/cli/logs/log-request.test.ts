import { expect, test } from "bun:test";
import { consoleQuery, journalCommand, journalOnly, type LogRequest, parseLines } from "./log-request.ts";

const nothing: LogRequest = {
  follow: false,
  lines: undefined,
  since: undefined,
  until: undefined,
  timestamps: false,
  unit: [],
  priority: undefined,
  grep: undefined,
  boot: false,
  bootId: undefined,
  output: undefined,
  noHostname: false,
  json: false,
  quiet: false,
};

test.each<[Partial<LogRequest>, readonly string[]]>([
  [{}, []],
  [{ follow: true, lines: 0 }, ["--follow", "--lines=0"]],
  [{ unit: ["a.service", "-x; rm"] }, ["--unit=a.service", "--unit=-x; rm"]],
  [{ since: "10m", until: "--now" }, ["--since=-10m", "--until=--now"]],
  [{ priority: "err..alert", grep: "a b" }, ["--priority=err..alert", "--grep=a b"]],
  [{ boot: true }, ["--boot"]],
  [{ bootId: "-1" }, ["--boot=-1"]],
  [{ output: "cat", noHostname: true }, ["--output=cat", "--no-hostname"]],
  [{ timestamps: true }, ["--output=short-iso-precise"]],
  [{ timestamps: true, output: "cat" }, ["--output=cat"]],
  [{ json: true, lines: "all" }, ["--quiet", "--lines=all", "--output=json"]],
  [{ quiet: true }, ["--quiet"]],
])("journalctl for %j", (request, words) => {
  expect(journalCommand({ ...nothing, ...request })).toEqual(["journalctl", "--no-pager", ...words]);
});

const now = new Date(1_000_000_000_000);

test.each<[Partial<LogRequest>, object]>([
  [{}, { follow: false, timestamps: false }],
  [{ follow: true }, { follow: true, timestamps: false, tail: 10 }],
  [
    { follow: true, lines: "all" },
    { follow: true, timestamps: false },
  ],
  [
    { follow: true, since: "10s" },
    { follow: true, timestamps: false, since: 999_999_990 },
  ],
  [
    { lines: 3, until: "@5", json: true },
    { follow: false, timestamps: true, tail: 3, until: 5 },
  ],
])("the engine for %j", (request, query) => {
  expect(consoleQuery({ ...nothing, ...request }, now)).toEqual(query as ReturnType<typeof consoleQuery>);
});

test("what the console cannot answer", () => {
  expect(journalOnly({ ...nothing, follow: true, lines: 3, since: "1h", timestamps: true })).toEqual([]);
  expect(journalOnly({ ...nothing, unit: ["a"], boot: true, bootId: "0", noHostname: true })).toEqual([
    "--unit",
    "--boot",
    "--boot-id",
    "--no-hostname",
  ]);
});

test("lines", () => {
  expect([parseLines("all"), parseLines("0"), parseLines("50")]).toEqual(["all", 0, 50]);
  for (const text of ["", "-1", "1.5", "x", "1e3"])
    expect(() => parseLines(text)).toThrow(expect.objectContaining({ code: "usage" }));
});

import { expect, test } from "bun:test";
import type { MachineUsage } from "#plan/machine/usage.ts";
import { createStyle } from "./color.ts";
import { renderFrame, renderUsage } from "./usage.ts";

const MiB = 1024 ** 2;
const busy: MachineUsage = {
  name: "web",
  state: "running",
  time: "",
  cpuPercent: 150.256,
  memory: 100 * MiB,
  memoryLimit: 512 * MiB,
  memoryPercent: 19.53,
  pids: 12,
  networkReceived: 2048,
  networkSent: 0,
  blockRead: 0,
  blockWritten: 3 * MiB,
};
const uncounted: MachineUsage = {
  name: "db",
  state: "running",
  time: "",
  cpuPercent: undefined,
  memory: undefined,
  memoryLimit: undefined,
  memoryPercent: undefined,
  pids: undefined,
  networkReceived: undefined,
  networkSent: undefined,
  blockRead: undefined,
  blockWritten: undefined,
};

test("the table", () => {
  expect(renderUsage([busy, uncounted], { style: createStyle(false), width: undefined })).toBe(
    [
      "NAME     CPU %   MEM USAGE / LIMIT    MEM %   PIDS       NET I/O     BLOCK I/O",
      "web    150.26%   100 MiB / 512 MiB   19.53%     12   2 KiB / 0 B   0 B / 3 MiB",
      "db          --                  --       --     --            --            --",
      "",
    ].join("\n"),
  );
});

test("a terminal that is a little too narrow takes from the gaps", () => {
  const text = renderUsage([busy, uncounted], { style: createStyle(false), width: 74 });
  expect(text.split("\n")[1]).toBe(
    "web   150.26%  100 MiB / 512 MiB  19.53%    12  2 KiB / 0 B  0 B / 3 MiB",
  );
});

test.each([
  ["first", "a\nb\n", 0, 24, "\x1b[Ja\nb\n", 2],
  ["over the last", "a\n", 2, 24, "\x1b[2A\r\x1b[Ja\n", 1],
  ["too tall", "a\nb\nc\nd\n", 0, 4, "\x1b[Ja\nb\n… 2 more\n", 3],
  [
    "wider than the terminal",
    "\x1b[1m12345678901\x1b[22m\n1234567890\n",
    3,
    24,
    "\x1b[3A\r\x1b[J\x1b[1m12345678901\x1b[22m\n1234567890\n",
    3,
  ],
  ["too wide and too tall", "12345678901\nb\nc\n", 0, 4, "\x1b[J12345678901\n… 2 more\n", 3],
])("frame: %s", (_, text, before, rows, output, lines) =>
  expect(renderFrame(text, before, { rows, columns: 10 })).toEqual({ output, lines }),
);

import { expect, test } from "bun:test";
import type { MachineUsage } from "../../ops/stats.ts";
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

test.each([
  ["first", "a\nb\n", 0, 24, "a\x1b[K\nb\x1b[K\n\x1b[J", 2],
  ["over the last", "a\n", 2, 24, "\x1b[2A\ra\x1b[K\n\x1b[J", 1],
  ["too tall", "a\nb\nc\nd\n", 0, 4, "a\x1b[K\nb\x1b[K\n… 2 more\x1b[K\n\x1b[J", 3],
])("frame: %s", (_, text, before, rows, output, lines) => expect(renderFrame(text, before, rows)).toEqual({ output, lines }));

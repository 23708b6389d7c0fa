import { describe, expect, test } from "bun:test";
import { isAlive, parseProcessStat, readProcess, signalProcess } from "./process-identity.ts";

const rest = "0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";

describe("parseProcessStat", () => {
  test.each([
    [`12 (sh) S 3 ${rest}`, { pid: 12, parent: 3, startTime: "4711", state: "S" }],
    [`12 (a ) Z (b) S 3 ${rest}\n`, { pid: 12, parent: 3, startTime: "4711", state: "S" }],
    ["", undefined],
    ["12 (sh) S 3", undefined],
    ["nothing (of) the sort", undefined],
  ])("%j", (line, expected) => {
    expect(parseProcessStat(line)).toEqual(expected);
  });
});

test("a recycled pid is another process and is not signalled", async () => {
  const me = await readProcess(process.pid);
  if (me === undefined) throw new Error("no /proc entry of our own");
  expect(await isAlive(me)).toBe(true);
  const earlier = { ...me, startTime: "1" };
  expect(await isAlive(earlier)).toBe(false);
  // Would end this test if it were sent.
  expect(await signalProcess(earlier, "SIGKILL")).toBe(false);
});

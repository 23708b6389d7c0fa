import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { hasEnded, markSelf } from "./process-mark.ts";

test("a process that runs has not ended; one that has, or whose number is another's, has", () => {
  const mark = markSelf();
  expect(mark).toMatch(/^[0-9a-f-]{36} pid:\[\d+\] \d+ \d+$/);
  expect(hasEnded(mark)).toBe(false);
  expect(hasEnded(mark.replace(/\d+$/, "1"))).toBe(true);
  const { pid } = spawnSync("true");
  expect(hasEnded(mark.replace(/\d+ \d+$/, `${pid} 4711`))).toBe(true);
});

test("of another boot's, another namespace's, and of what is no mark nothing is known", () => {
  const ended = markSelf().replace(/\d+$/, "1");
  for (const mark of [
    "",
    "x",
    ended.replace(/^\S+/, "0"),
    ended.replace(/pid:\[\d+\]/, "pid:[1]"),
    `${ended}0x`,
  ])
    expect(hasEnded(mark)).toBe(false);
});

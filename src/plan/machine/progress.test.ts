import { expect, test } from "bun:test";
import { progressOf } from "./progress.ts";

test.each([
  ["created", undefined, "making"],
  ["created", "created", "through"],
  ["created", "running", "through"],
  ["created", "removing", "removing"],
  ["removing", "removing", "removing"],
  ["removing", undefined, "removing"],
  // What could not be removed.
  ["removing", "dead", "through"],
] as const)("listed as %s, known as %s: %s", (listed, known, progress) => {
  expect(progressOf(listed, known)).toBe(progress);
});

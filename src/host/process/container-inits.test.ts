import { expect, test } from "bun:test";
import { findContainerInits, isFirstBelow } from "./container-inits.ts";

test.each([
  ["process 1 of a container", "Name:\tsystemd\nNSpid:\t4711\t1\nNSpgid:\t4711\t1\n", true],
  ["another process of it", "Name:\tcron\nNSpid:\t4712\t35\n", false],
  ["process 1 of a container within it", "Name:\tsh\nNSpid:\t4713\t36\t1\n", false],
  ["the host's process 1", "Name:\tsystemd\nNSpid:\t1\n", false],
  ["an ended process", "", false],
])("%s: %p is one: %p", (_, status, is) => expect(isFirstBelow(status)).toBe(is));

test("an id that no cgroup has belongs to nobody", () => {
  expect(findContainerInits(["0".repeat(64)])).toEqual([]);
});

import { expect, test } from "bun:test";
import { allBut } from "./apparmor-glob.ts";

test("has one alternative for each place where a path may go another way", () => {
  expect(allBut(["ab", "ac/", "x"])).toBe("{[^ax],a[^bc],ac[^/]}");
});

test.each([
  ["net/ipv4", false],
  ["net", false],
  ["netfilter/x", true],
  ["vm/swappiness", true],
  ["n", false],
  ["shmmax", false],
  ["shm_next_id", false],
  ["seccomp", true],
])("%s", (path, expected) => {
  const alternatives = allBut(["net/", "shm"]).slice(1, -1).replaceAll(",", "|");
  expect(new RegExp(`^(?:${alternatives})`).test(path)).toBe(expected);
});

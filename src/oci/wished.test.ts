import { expect, test } from "bun:test";
import { hasCode } from "../errors.ts";
import type { OciConfig } from "./config.ts";
import { wishedLxcfs } from "./wished.ts";

const configOf = (...env: readonly string[]): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"], env: [...env] },
  root: { path: "rootfs" },
});

test.each([
  [[], false],
  [["BERTH_LXCFS="], false],
  [["BERTH_LXCFS=0"], false],
  [["BERTH_LXCFS=1"], true],
  [["BERTH_LXCFS=0", "BERTH_LXCFS=1"], true],
  [["MY_BERTH_LXCFS=1"], false],
])("%p asks for lxcfs: %p", (env, wished) => {
  expect(wishedLxcfs(configOf(...env))).toBe(wished);
});

test.each(["yes", "true", "2", " 1"])("BERTH_LXCFS=%s is refused", (word) => {
  let thrown: unknown;
  try {
    wishedLxcfs(configOf(`BERTH_LXCFS=${word}`));
  } catch (error) {
    thrown = error;
  }
  expect(hasCode(thrown, "usage")).toBe(true);
});

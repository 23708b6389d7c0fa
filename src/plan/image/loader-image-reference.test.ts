import { expect, test } from "bun:test";
import { parseImageTag } from "./loader-image-reference.ts";

test.each([
  ["berth-loader", "berth-loader:latest"],
  ["berth-loader:0.1.0", "berth-loader:0.1.0"],
  ["host:5000/name", "host:5000/name:latest"],
  ["host:5000/a/b_c:T.1_x", "host:5000/a/b_c:T.1_x"],
  ["Registry.Example.com/x", "Registry.Example.com/x:latest"],
])("%s", (text, reference) => {
  expect(parseImageTag(text)).toBe(reference);
});

test.each([
  "",
  "Berth",
  "a b",
  "a:",
  "a:b:c",
  ":x",
  "/x",
  "a//b",
  "-x",
  "a:-x",
  `a@sha256:${"0".repeat(64)}`,
  `a:${"x".repeat(129)}`,
])("%p is refused", (text) => {
  expect(() => parseImageTag(text)).toThrow("invalid image name");
});

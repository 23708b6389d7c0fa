import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdShadowed, releaseShadowed } from "./shadowed.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-shadowed-"));
});
afterEach(() => rmSync(root, { recursive: true }));
const place = () => join(root, "containerd");

test("a missing place is made, and goes with the last engine that needs it", async () => {
  await holdShadowed("a", [place()]);
  await holdShadowed("b", [place()]);
  await releaseShadowed("a", [place()]);
  await releaseShadowed("a", [place()]);
  expect(existsSync(place())).toBe(true);
  await releaseShadowed("b", [place()]);
  expect(readdirSync(root)).toEqual([]);
});

test("engines that start and end at once have theirs from their start to their end", async () => {
  const life = async (engine: string) => {
    await holdShadowed(engine, [place()]);
    const isThere = existsSync(place());
    await releaseShadowed(engine, [place()]);
    return isThere;
  };
  const lives = await Promise.all(Array.from({ length: 12 }, (_, index) => life(`engine-${index}`)));
  expect(lives).toEqual(lives.map(() => true));
  expect(readdirSync(root)).toEqual([]);
});

test("the host's own place stays as it is, empty or not", async () => {
  mkdirSync(place());
  await holdShadowed("a", [place()]);
  expect(readdirSync(place())).toEqual([]);
  await releaseShadowed("a", [place()]);
  expect(existsSync(place())).toBe(true);
});

test("a place that the host has begun to use stays with what is in it", async () => {
  await holdShadowed("a", [place()]);
  writeFileSync(join(place(), "plugin"), "");
  await releaseShadowed("a", [place()]);
  expect(readdirSync(place())).toEqual(["plugin"]);
});

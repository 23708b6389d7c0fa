import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCachedRoots, removeCachedRoots } from "./cached-roots.ts";

let cache = "";
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "berth-cache-"));
  mkdirSync(join(cache, "roots"));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const own = [".site-0123456789ab.lock", "debian-12-fedcba987654.tar", "site-0123456789ab.tar"];
const write = (name: string) => writeFileSync(join(cache, "roots", name), "");

test("the cache goes with its directories", async () => {
  own.forEach(write);
  const found = await findCachedRoots(cache);
  expect(found.toSorted()).toEqual(own.map((name) => join(cache, "roots", name)));
  await removeCachedRoots(cache, found);
  expect(existsSync(cache)).toBe(false);
});

test("what is not berth's stays, and so do the directories", async () => {
  const others = ["notes", "root.tar", "site-0123456789ab.tar.xz", "bookworm-01234567.tar"];
  [...own, ...others].forEach(write);
  mkdirSync(join(cache, "roots", "engine-0123456789ab.tar"));
  symlinkSync("notes", join(cache, "roots", "link-0123456789ab.tar"));
  await removeCachedRoots(cache, await findCachedRoots(cache));
  expect(readdirSync(join(cache, "roots")).toSorted()).toEqual(
    [...others, "engine-0123456789ab.tar", "link-0123456789ab.tar"].toSorted(),
  );
});

test("no cache", async () => {
  rmSync(cache, { recursive: true });
  expect(await findCachedRoots(cache)).toEqual([]);
  await removeCachedRoots(cache, []);
});

test.skipIf(process.getuid?.() !== 0)("a cache that is a mount stays (needs root)", async () => {
  await removeCachedRoots("/proc", []);
  expect(existsSync("/proc/self")).toBe(true);
});

import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCachedInits, readCachedInit, removeCachedInits, writeCachedInit } from "./init-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-inits-"));
const cache = join(folder, "berth");
const program = { image: "sha256:0", command: ["/sbin/init"] };
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an init is kept by image and command, until all are removed", async () => {
  expect(await readCachedInit(cache, program)).toBeUndefined();
  await writeCachedInit(cache, program, "systemd 252");
  expect(await readCachedInit(cache, program)).toBe("systemd 252");
  expect(await readCachedInit(cache, { ...program, command: ["/sbin/init", "3"] })).toBeUndefined();
  expect(await readCachedInit(cache, { ...program, image: "sha256:1" })).toBeUndefined();
  for (const name of readdirSync(join(cache, "inits")))
    writeFileSync(join(cache, "inits", name), "\x1b[31m\n");
  expect(await readCachedInit(cache, program)).toBeUndefined();
  expect(await findCachedInits(cache)).toEqual([expect.stringMatching(/\/berth\/inits\/[0-9a-f]{64}$/)]);
  await removeCachedInits(cache);
  expect(await findCachedInits(cache)).toEqual([]);
  expect(readdirSync(cache)).toEqual([]);
});

test("a cache that cannot be written is none", async () => {
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(folder, "a file");
  await writeCachedInit(cache, program, "systemd 252");
  expect(await readCachedInit(cache, program)).toBeUndefined();
});

import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMadeBuilders, isMadeBuilder, noteMadeBuilder, removeMadeBuilders } from "./made-builders.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-builders-"));
const cache = join(folder, "berth");
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an image is a builder of berth's by its id, until all are forgotten", async () => {
  const [id, other] = ["0".repeat(64), "1".repeat(64)];
  expect([await isMadeBuilder(cache, id), await findMadeBuilders(cache)]).toEqual([false, []]);
  await noteMadeBuilder(cache, id);
  expect(await isMadeBuilder(cache, `sha256:${id}`)).toBe(true);
  expect(await isMadeBuilder(cache, `sha256:${other}`)).toBe(false);
  for (const odd of ["", ".", "..", `../builders/${id}`]) expect(await isMadeBuilder(cache, odd)).toBe(false);
  expect(await findMadeBuilders(cache)).toEqual([join(cache, "builders", `${id}.id`)]);
  await removeMadeBuilders(cache);
  expect(readdirSync(cache)).toEqual([]);
});

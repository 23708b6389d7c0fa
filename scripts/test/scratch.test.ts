import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "berth-scratch-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

const mountsBelow = () =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(` ${parent}/`)).length;

/** Runs a script that has such a directory, in a process of its own: what it says, and how it ends. */
function inScratch(script: string) {
  const words = `const { makeScratch, endScratch } = await import(${JSON.stringify(join(import.meta.dir, "scratch.ts"))});
    const { mkdirSync } = require("node:fs");
    const directory = await makeScratch();
    ${script}`;
  const { stdout, signalCode, exitCode } = Bun.spawnSync([process.execPath, "-e", words], {
    env: { ...process.env, TMPDIR: parent },
    stderr: "inherit",
  });
  return { said: stdout.toString(), ended: signalCode ?? exitCode };
}

test("a run's directory is there for all, and none afterwards", () => {
  const { said, ended } = inScratch(
    `console.log((require("node:fs").statSync(directory).mode & 0o777).toString(8)); await endScratch(directory)`,
  );
  expect(said).toMatch(/^files of tests: .*\/npm-test-\w+, (in memory|on disk \(.+\))\n755\n$/);
  expect([ended, readdirSync(parent), mountsBelow()]).toEqual([0, [], 0]);
});

test("what tests left in it stays", () => {
  inScratch(
    `mkdirSync(directory + "/tmp-1"); await endScratch(directory); console.log("kept"); process.kill(process.pid, "SIGKILL")`,
  );
  const [name = ""] = readdirSync(parent);
  expect(readdirSync(join(parent, name)).sort()).toEqual(["owner", "tmp-1"]);
  inScratch("await endScratch(directory)");
});

test("the next run removes that of one that was killed, not that of one that goes on", () => {
  const killed = inScratch(
    `mkdirSync(directory + "/tmp-1/a", { recursive: true }); process.kill(process.pid, "SIGKILL")`,
  );
  expect([killed.ended, readdirSync(parent).length]).toEqual(["SIGKILL", 1]);
  const next = inScratch(`
    const list = () => require("node:fs").readdirSync(process.env.TMPDIR).length;
    const before = list();
    const { makeScratch: again } = await import(${JSON.stringify(join(import.meta.dir, "scratch.ts"))});
    const other = await again();
    console.log(before, list());
    await endScratch(other);
    await endScratch(directory);`);
  expect(next.said.split("\n")).toContain("1 2");
  expect([next.ended, readdirSync(parent), mountsBelow()]).toEqual([0, [], 0]);
});

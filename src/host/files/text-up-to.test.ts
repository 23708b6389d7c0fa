import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { readPipeUpTo, readTextUpTo } from "./text-up-to.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-text-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([
  ["empty", "", 4, ""],
  ["as long as may be", "abcd", 4, "abcd"],
  ["longer", "abcde", 4, undefined],
])("a file: %s", (_, content, longest, text) => {
  const file = join(directory, "file");
  writeFileSync(file, content);
  expect(readTextUpTo(file, longest)).toBe(text);
});

test("a pipe is read to its end, however it comes", async () => {
  const program = `const { readTextUpTo } = await import(${JSON.stringify(join(import.meta.dir, "text-up-to.ts"))});
    console.log(readTextUpTo("/dev/stdin", 100));`;
  const { stdout } = await run("sh", [
    "-c",
    '{ printf a; sleep 0.2; printf b; } | "$@"',
    "sh",
    process.execPath,
    "-e",
    program,
  ]);
  expect(stdout).toBe("ab\n");
});

test("of what has no end no more is read", () => expect(readTextUpTo("/dev/zero", 1000)).toBeUndefined());

test("a pipe's writer may come late, and be waited for no longer", async () => {
  const pipe = join(directory, "pipe");
  await run("mkfifo", [pipe]);
  const { signal } = new AbortController();
  const [text] = await Promise.all([
    readPipeUpTo(pipe, 4, signal),
    run("sh", ["-c", `sleep 0.2; printf abcd >${pipe}`]),
  ]);
  expect(text).toBe("abcd");
  const [longer] = await Promise.all([
    readPipeUpTo(pipe, 3, signal),
    run("sh", ["-c", `printf abcd >${pipe}`]),
  ]);
  expect(longer).toBeUndefined();
  expect(readPipeUpTo(pipe, 4, AbortSignal.timeout(50))).rejects.toMatchObject({ name: "TimeoutError" });
  // Lets go whoever waits for it.
  await run("sh", ["-c", `: >${pipe}`]);
});

import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { findLocalInit, readSystemdProgress } from "./local-init.ts";

const sleeper = spawn("sleep", ["30"]);
afterAll(() => sleeper.kill("SIGKILL"));

test("a process that is not 1 in its namespace is nobody's init, whatever its cgroup", async () => {
  const [cgroup = ""] = (await readFile(`/proc/${sleeper.pid}/cgroup`, "utf8")).split("\n");
  expect(findLocalInit(sleeper.pid ?? 0, cgroup)).not.toBe(sleeper.pid);
});

test("no process bears an id that no container has", () => {
  expect(findLocalInit(sleeper.pid ?? 0, "0123456789abcdef".repeat(4))).toBeUndefined();
});

test("progress: outside of init.scope it is early, and of a process that ended nothing is known", async () => {
  expect(readSystemdProgress(sleeper.pid ?? 0)).toBe("early");
  sleeper.kill("SIGKILL");
  await once(sleeper, "exit");
  expect(readSystemdProgress(sleeper.pid ?? 0)).toBeUndefined();
});

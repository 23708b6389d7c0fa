import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { defaultConcurrency } from "./concurrency.ts";
import { createTask } from "./task.ts";

function taskOn(processors: number) {
  const asked: string[] = [];
  const warnings: string[] = [];
  const engine: Engine = {
    endpoint: { kind: "unix", path: "/nowhere", source: "test" },
    apiVersion: "1.41",
    async request({ path }) {
      asked.push(path);
      const body = Readable.from([Buffer.from(JSON.stringify({ NCPU: processors }))]);
      return { kind: "answer", status: 200, headers: {}, body };
    },
  };
  const onWarning = (text: string) => void warnings.push(text);
  const task = createTask(engine, new AbortController().signal, { onState: () => undefined, onWarning });
  return { task, asked, warnings };
}

test("a warning is passed on once", () => {
  const { task, warnings } = taskOn(1);
  for (const text of ["a", "b", "a"]) task.onWarning(text);
  expect(warnings).toEqual(["a", "b"]);
});

test("the engine is asked what it is once, however often and at once somebody wants to know", async () => {
  const { task, asked } = taskOn(8);
  expect(asked).toEqual([]);
  const known = await Promise.all([task.info(), task.info()]);
  known.push(await task.info());
  expect(known.map(({ NCPU }) => NCPU)).toEqual([8, 8, 8]);
  expect(asked).toHaveLength(1);
});

test.each([
  [2, 17, 16],
  [4, 17, 16],
  [8, 17, 32],
  [8, 1000, 32],
])("with %d processors, of %d machines %d at once", async (processors, machines, atOnce) => {
  expect(await defaultConcurrency(taskOn(processors).task, machines)).toBe(atOnce);
});

test("for few machines nothing is asked", async () => {
  const { task, asked } = taskOn(64);
  expect([await defaultConcurrency(task, 16), asked]).toEqual([16, []]);
});

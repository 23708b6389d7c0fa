import { expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inTime } from "./in-time.ts";

const forever = (signal: AbortSignal) => sleep(60_000, "late", { signal });

test("what comes in time is given, what does not is undefined", async () => {
  expect(await inTime(10_000, undefined, async () => "early")).toBe("early");
  expect(await inTime(20, undefined, forever)).toBeUndefined();
  expect(await inTime(20, new AbortController().signal, forever)).toBeUndefined();
});

test("another failure, and the caller's own signal, are told", async () => {
  await expect(inTime(10_000, undefined, () => Promise.reject(new Error("broken")))).rejects.toThrow(
    "broken",
  );
  await expect(inTime(10_000, AbortSignal.timeout(20), forever)).rejects.toMatchObject({
    name: "AbortError",
  });
});

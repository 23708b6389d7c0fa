import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { withLock } from "./lock.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-lock-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

test("one at a time, also after a failure", async () => {
  const file = join(folder, "turns");
  let inside = 0;
  const work = async () => {
    inside += 1;
    expect(inside).toBe(1);
    // Longer than those who wait pause between two attempts: one that got in would be seen.
    await Bun.sleep(60);
    inside -= 1;
    throw new Error("as planned");
  };
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => withLock(file, undefined, work)));
  expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.message)).toEqual(
    Array(3).fill("as planned"),
  );
});

test("a killed process frees it", async () => {
  const file = join(folder, "killed");
  const script = `import { withLock } from ${JSON.stringify(join(import.meta.dir, "lock.ts"))};
    await withLock(${JSON.stringify(file)}, undefined, async () => { console.log("held"); await Bun.sleep(60_000); });`;
  const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  const order: string[] = [];
  const waiting = withLock(file, undefined, async () => void order.push("mine"));
  // It has made its first attempt when withLock returns: free, the lock would let it in in this turn.
  await setImmediate();
  order.push("killed");
  holder.kill("SIGKILL");
  await waiting;
  expect(order).toEqual(["killed", "mine"]);
});

test("waiting can be interrupted; a place that cannot be locked is said", async () => {
  const file = join(folder, "busy");
  const abort = new AbortController();
  await withLock(file, undefined, async () => {
    const waiting = withLock(file, abort.signal, async () => {});
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "interrupted" });
  });
  await expect(withLock(join(folder, "none", "x"), undefined, async () => {})).rejects.toMatchObject({
    code: "tool-failed",
  });
});

test("its file is nobody else's, also one that was there", async () => {
  const file = join(folder, "open");
  await writeFile(file, "", { mode: 0o644 });
  for (const place of [file, join(folder, "new")]) {
    await withLock(place, undefined, async () => expect((await stat(place)).mode & 0o777).toBe(0o600));
  }
});

test("one that waits says so, once, and one that has its turn at once does not", async () => {
  const file = join(folder, "patience");
  const told: string[] = [];
  const order: string[] = [];
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  const first = withLock(
    file,
    undefined,
    () => until,
    () => told.push("first"),
  );
  const second = withLock(
    file,
    undefined,
    async () => void order.push("second"),
    () => {
      told.push("second");
      order.push("told");
      release();
    },
  );
  await Promise.all([first, second]);
  expect([told, order]).toEqual([["second"], ["told", "second"]]);
});

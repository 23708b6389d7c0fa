import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HolderState, LeaseHolder } from "#plan/loader/lease.ts";
import { takeLease } from "./lease.ts";
import { leasePath } from "./lease-place.ts";

let parent = "";
let folder = "";
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "berth-lease-"));
  folder = join(parent, "root");
  mkdirSync(folder);
});
afterEach(() => rmSync(parent, { recursive: true }));

const holder = (machine: string, engine = "E1"): LeaseHolder => ({ machine, engine, node: "one" });
/** Emits "asked" each time a lease that waits has looked at its holder. */
const looks = new EventEmitter();
function take(
  own: LeaseHolder,
  states: Record<string, HolderState> = {},
  signal = new AbortController().signal,
) {
  const waited: string[] = [];
  const lease = takeLease({
    folder,
    shown: "/srv/root",
    holder: own,
    stateOf: async ({ machine }) => {
      looks.emit("asked");
      return states[machine] ?? "gone";
    },
    onWaiting: ({ machine }) => waited.push(machine),
    signal,
  });
  return { lease, waited };
}

test("a lease is a file beside the folder, and none afterwards", async () => {
  const lease = await take(holder("a")).lease;
  expect(readdirSync(parent).sort()).toEqual([".root.berth-lease", "root"]);
  expect(readdirSync(folder)).toEqual([]);
  expect(lease.isHeld()).toBe(true);
  lease.release();
  expect(readdirSync(parent)).toEqual(["root"]);
});

test("another's is refused, with its name", async () => {
  const lease = await take(holder("a")).lease;
  await expect(take(holder("b"), { a: "alive" }).lease).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("/srv/root is in use by a on one"),
  });
  await expect(take(holder("b", "E2")).lease).rejects.toMatchObject({ code: "conflict" });
  lease.release();
});

test("one that is being left is waited for, which is told once", async () => {
  const first = await take(holder("a")).lease;
  const states: Record<string, HolderState> = { a: "leaving" };
  const { lease, waited } = take(holder("b"), states);
  // It has looked once by now; twice more.
  for (let time = 0; time < 2; time++) await once(looks, "asked");
  expect(waited).toEqual(["a"]);
  states.a = "gone";
  first.release();
  const second = await lease;
  expect(second.isHeld()).toBe(true);
  second.release();
});

test("one whose holder was killed is free for a successor of the same engine, and for its holder itself", async () => {
  const script = `const { takeLease } = await import(${JSON.stringify(join(import.meta.dir, "lease.ts"))});
    await takeLease({ folder: ${JSON.stringify(folder)}, shown: "x", holder: ${JSON.stringify(holder("a"))}, stateOf: async () => "gone", onWaiting() {}, signal: new AbortController().signal });
    console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await expect(take(holder("b"), { a: "alive" }).lease).rejects.toMatchObject({ code: "conflict" });
  child.kill("SIGKILL");
  await once(child, "exit");
  const again = await take(holder("a")).lease;
  again.release();
  writeFileSync(leasePath(folder), JSON.stringify(holder("a")));
  const next = await take(holder("b"), { a: "gone" }).lease;
  next.release();
});

test("one that was removed or replaced is held no more, and what replaced it stays", async () => {
  const lease = await take(holder("a")).lease;
  rmSync(leasePath(folder));
  expect(lease.isHeld()).toBe(false);
  writeFileSync(leasePath(folder), JSON.stringify(holder("b")));
  expect(lease.isHeld()).toBe(false);
  lease.release();
  expect(readdirSync(parent)).toContain(".root.berth-lease");
});

test("waiting ends with the signal", async () => {
  const first = await take(holder("a")).lease;
  const ending = new AbortController();
  const { lease } = take(holder("b"), { a: "leaving" }, ending.signal);
  await once(looks, "asked");
  ending.abort();
  await expect(lease).rejects.toMatchObject({ name: "AbortError" });
  first.release();
});

test.each<[string, (path: string, victim: string) => void]>([
  ["a FIFO", (path) => execFileSync("mkfifo", [path])],
  ["a link to another file", (path, victim) => symlinkSync(victim, path)],
  ["a link to nothing", (path, victim) => symlinkSync(`${victim}.new`, path)],
  ["a directory", (path) => mkdirSync(path)],
])("%s in its place is named, and nobody waits for it or writes through it", async (_, put) => {
  const victim = join(parent, "victim");
  writeFileSync(victim, "precious\n");
  put(leasePath(folder), victim);
  await expect(take(holder("a")).lease).rejects.toMatchObject({
    code: "host-unfit",
    message: "lease /srv/.root.berth-lease is not a regular file",
  });
  expect(readFileSync(victim, "utf8")).toBe("precious\n");
  expect(readdirSync(parent).sort()).toEqual([".root.berth-lease", "root", "victim"]);
});

test("a program that runs under its name is named", async () => {
  copyFileSync("/bin/sleep", leasePath(folder));
  chmodSync(leasePath(folder), 0o700);
  const running = spawn(leasePath(folder), ["60"], { stdio: "ignore" });
  await once(running, "spawn");
  await expect(take(holder("a")).lease).rejects.toMatchObject({
    code: "host-unfit",
    message: "another program uses lease /srv/.root.berth-lease",
  });
  running.kill();
  await once(running, "exit");
});

test("a further name of another file is refused, and not written", async () => {
  const victim = join(parent, "victim");
  writeFileSync(victim, "precious\n");
  linkSync(victim, leasePath(folder));
  await expect(take(holder("a")).lease).rejects.toMatchObject({
    code: "host-unfit",
    message: "lease /srv/.root.berth-lease is a hard link",
  });
  expect(readFileSync(victim, "utf8")).toBe("precious\n");
});

test.skipIf(process.getuid?.() !== 0)(
  "a file of another user in its place is refused by whose it is, also in a directory of his own (needs root)",
  async () => {
    chownSync(parent, 4242, 4242);
    writeFileSync(leasePath(folder), "{}\n");
    chownSync(leasePath(folder), 4242, 4242);
    await expect(take(holder("a")).lease).rejects.toMatchObject({
      code: "host-unfit",
      message: "lease /srv/.root.berth-lease belongs to user 4242",
    });
    expect(readFileSync(leasePath(folder), "utf8")).toBe("{}\n");
    rmSync(leasePath(folder));
    (await take(holder("a")).lease).release();
  },
);

test.each([
  [0o1777, "any user may write to /srv"],
  [0o777, "any user may write to /srv"],
])(
  "where others may make files, mode %o, no lease is taken, and the directory is named",
  async (mode, why) => {
    chmodSync(parent, mode);
    await expect(take(holder("a")).lease).rejects.toMatchObject({
      code: "host-unfit",
      message: expect.stringContaining(`other users can block /srv/root with a file beside it: ${why}`),
      hint: expect.stringContaining("root alone may write"),
    });
    expect(readdirSync(parent)).toEqual(["root"]);
  },
);

test.skipIf(process.getuid?.() !== 0 || Bun.which("setfacl") === null)(
  "so where a group may, or one by an access control list (needs root and setfacl)",
  async () => {
    chmodSync(parent, 0o1770);
    chownSync(parent, 0, 50);
    await expect(take(holder("a")).lease).rejects.toMatchObject({
      message: expect.stringContaining("the group 50 may write to /srv"),
    });
    chownSync(parent, 0, 0);
    (await take(holder("a")).lease).release();
    execFileSync("setfacl", ["-m", "u:4242:rwx", parent]);
    await expect(take(holder("a")).lease).rejects.toMatchObject({
      message: expect.stringContaining("access control list"),
    });
  },
);

test.each([
  ["another file", "precious\n"],
  ["one of JSON", '{"machine": 1}\n'],
  ["a long one that begins as a lease does", `{"machine":"${"x".repeat(5000)}`],
])("%s that was renamed to it is refused, and keeps what is in it", async (_, text) => {
  const victim = join(parent, "victim");
  writeFileSync(victim, text);
  renameSync(victim, leasePath(folder));
  await expect(take(holder("a")).lease).rejects.toMatchObject({
    code: "host-unfit",
    message: "/srv/.root.berth-lease is not a lease of berth: it names no holder",
  });
  expect(readFileSync(leasePath(folder), "utf8")).toBe(text);
});

test("so is a huge one, of which no more is read than a holder's names take", async () => {
  execFileSync("truncate", ["--size=8G", leasePath(folder)]);
  await expect(take(holder("a")).lease).rejects.toMatchObject({ code: "host-unfit" });
  expect(statSync(leasePath(folder)).size).toBe(8 * 1024 ** 3);
});

test.each(["", "{", '{"machine":"a","load', "\0".repeat(90)])(
  "what a writer that was killed has left, or a loss of power, %p, is taken",
  async (left) => {
    writeFileSync(leasePath(folder), left);
    const lease = await take(holder("a")).lease;
    expect(readFileSync(leasePath(folder), "utf8")).toBe(`${JSON.stringify(holder("a"))}\n`);
    lease.release();
  },
);

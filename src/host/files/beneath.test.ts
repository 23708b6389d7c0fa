import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";
import { inDirectory, inRootOf, isMissingInRootOf } from "./beneath.ts";

let outside = "";
let top = "";
beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), "berth-beneath-"));
  top = join(outside, "top");
  mkdirSync(join(top, "a/b"), { recursive: true });
  mkdirSync(join(outside, "victim"));
  for (const file of ["top/a/b/file", "victim/file"]) writeFileSync(join(outside, file), file);
  execFileSync("mkfifo", [join(top, "fifo")]);
});
afterEach(() => rmSync(outside, { recursive: true }));

const read = (place: string) => readFileSync(join(place, "file"), "utf8");

test.each([
  ["by its names", "a/b", ":", "top/a/b/file"],
  ["none that is not there", "a/c", ":", undefined],
  ["none above", "../victim", ":", undefined],
  ["none that is above in the end", "a/../../victim", ":", undefined],
  ["none by a link at the end", "way", "ln -s ../victim way", undefined],
  ["none by a link on the way", "way/b", "ln -s a way", undefined],
  ["none by an absolute path", "/etc", ":", undefined],
  ["none that is a file", "a/b/file", ":", undefined],
  ["none that is a FIFO, for which nobody waits", "fifo", ":", undefined],
])("a directory below another is found %s", (_, path, before, text) => {
  execFileSync("sh", ["-ec", before], { cwd: top });
  expect(inDirectory(top, path, read)).toBe(text as string);
});

test("one that is exchanged for a link after it was opened stays the one that it was", () => {
  inDirectory(top, "a/b", (place) => {
    renameSync(join(top, "a/b"), join(top, "a/moved"));
    symlinkSync(join(outside, "victim"), join(top, "a/b"));
    unlinkSync(join(place, "file"));
  });
  expect(existsSync(join(outside, "victim/file"))).toBe(true);
  expect(existsSync(join(top, "a/moved/file"))).toBe(false);
});

test.skipIf(!isRoot)("none is found over a mount (needs root)", async () => {
  const look = `const { inDirectory } = await import(${JSON.stringify(import.meta.resolve("./beneath.ts"))});
    return ["plain", "mounted"].map((name) => inDirectory("/run/top", name, () => "found") ?? "none");`;
  expect(
    await inMounts(look, "mkdir -p /run/top/plain /run/top/mounted; mount -t tmpfs tmpfs /run/top/mounted"),
  ).toEqual(["found", "none"]);
});

describe.skipIf(!isRoot)("in the root of a process (needs root)", () => {
  let pid = 0;
  let end: () => Promise<unknown>;
  beforeEach(async () => {
    mkdirSync(join(top, "proc"));
    for (const [name, to] of Object.entries({
      out: join(outside, "victim"),
      up: "../../victim",
      own: "/a/b",
      loop: "loop",
    })) {
      symlinkSync(to, join(top, name));
    }
    const program = 'chroot shift or die; chdir "/"; $| = 1; print "there"; sleep 600';
    const child = spawn("perl", ["-e", program, top], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    pid = child.pid ?? 0;
    const ended = once(child, "exit");
    end = () => {
      child.kill("SIGKILL");
      return ended;
    };
  });
  afterEach(() => end());

  test.each([
    ["/a/b", "top/a/b/file"],
    ["a/b", "top/a/b/file"],
    ["/own", "top/a/b/file"],
    ["/../a/b", "top/a/b/file"],
    ["/out", undefined],
    ["/up", undefined],
    ["/loop", undefined],
  ])("a link leads where it leads that process: %s", async (path, text) => {
    expect(await inRootOf(pid, path, read)).toBe(text as string);
    expect(await isMissingInRootOf(pid, path)).toBe(text === undefined);
  });

  test("a FIFO is there, and nobody waits for it; nothing is there of a process that has ended", async () => {
    expect(await isMissingInRootOf(pid, "/fifo")).toBe(false);
    await end();
    expect(await isMissingInRootOf(pid, "/a")).toBe(true);
  });

  test("what a work that takes its time is about stays open until it is done", async () => {
    const text = await inRootOf(pid, "/a/b", async (place) => {
      await Bun.sleep(1);
      return read(place);
    });
    expect(text).toBe("top/a/b/file");
  });
});

test("the links of /proc lead nowhere", async () => {
  expect(await isMissingInRootOf(process.pid, "/proc/self/root/etc")).toBe(true);
  expect(await isMissingInRootOf(process.pid, "/proc/self/status")).toBe(false);
});

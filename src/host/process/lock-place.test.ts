import { expect, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

const place = `const { lockPlace } = await import(${JSON.stringify(import.meta.resolve("./lock-place.ts"))});
  const { chmodSync, lstatSync, symlinkSync, rmSync } = await import("node:fs");
  const failure = () => { try { lockPlace("/a"); return "none"; } catch (error) { return error.code; } };`;

test("what is locked has a file of its own, in a directory that nobody else may enter", async () => {
  const [[one, other, again], locks, above] = await inMounts<
    [string[], number, number]
  >(`${place} process.umask(0);
    const paths = [lockPlace("/a"), lockPlace("/b"), lockPlace("/a")];
    return [paths, lstatSync("/run/berth/locks").mode & 0o777, lstatSync("/run/berth").mode & 0o777];`);
  expect(one).toMatch(/^\/run\/berth\/locks\/[0-9a-f]{16}$/);
  expect([again === one, other === one, locks, above]).toEqual([true, false, 0o700, 0o755]);
});

test("one that others have a hand in is none", async () => {
  const seen = await inMounts(`${place}
    const codes = [failure()];
    for (const mode of [0o770, 0o702]) { chmodSync("/run/berth/locks", mode); codes.push(failure()); }
    rmSync("/run/berth/locks", { recursive: true });
    symlinkSync("/tmp", "/run/berth/locks");
    return [...codes, failure()];`);
  expect(seen).toEqual(["none", "host-unfit", "host-unfit", "host-unfit"]);
});

test("one that an engine has made for a guard is closed", async () => {
  const seen = await inMounts<[string, number]>(`${place}
    const { mkdirSync } = await import("node:fs");
    mkdirSync("/run/berth/locks", { recursive: true, mode: 0o755 });
    return [failure(), lstatSync("/run/berth/locks").mode & 0o777];`);
  expect(seen).toEqual(["none", 0o700]);
});

test.skipIf(!isRoot)("a user who is not root has a place of his own (needs root)", async () => {
  const seen = await inMounts(`${place}
    const { chownSync, mkdirSync } = await import("node:fs");
    mkdirSync("/run/user"); chownSync("/run/user", 65534, 65534);
    process.env.XDG_RUNTIME_DIR = "/run/user";
    process.setgid(65534); process.setuid(65534);
    return lockPlace("/a");`);
  expect(seen).toMatch(/^\/run\/user\/berth\/locks\/[0-9a-f]{16}$/);
});

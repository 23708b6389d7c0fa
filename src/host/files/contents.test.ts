import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readContents } from "./contents.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-contents-"));
  const script = `mkdir -p run/a tmp/b outside; head -c 5000 /dev/zero >run/a/file; : >run/empty; ln -s / run/host; ln -s nowhere run/gone
    ln -s run there; mkfifo tmp/b/fifo; mkdir -p deep/$(printf %064d | sed s:0:d/:g) long; cd long
    perl -e 'for (1 .. 30) { mkdir "d" x 200; chdir "d" x 200 }'`;
  execFileSync("sh", ["-c", script], { cwd: root });
});
// rm, since it can remove what no path is long enough for.
afterAll(() => execFileSync("rm", ["-rf", root]));

test.each([
  ["files by the page, directories and links", "/run", { bytes: 8192, inodes: 6, odd: undefined }],
  ["through a link, inside the root", "/there", { bytes: 8192, inodes: 6, odd: undefined }],
  ["what is none of these", "/tmp", { bytes: 0, inodes: 3, odd: "/tmp/b/fifo" }],
  ["too deep a path", "/deep", { bytes: 0, inodes: 65, odd: undefined, deep: `/deep${"/d".repeat(64)}` }],
  ["one that is as deep as may be", "/deep/d", { bytes: 0, inodes: 64, odd: undefined, deep: undefined }],
  ["a path too long for anybody", "/long", { odd: expect.stringContaining("ddd") }],
  ["nothing", "/missing", { bytes: 0, inodes: 0, odd: undefined }],
])("%s", (_, path, expected) =>
  expect(readContents(root, path, { most: 1000, ids: undefined })).toMatchObject(expected),
);

test("no more files are counted than tell that there are too many", () => {
  expect(readContents(root, "/run", { most: 6, ids: undefined }).inodes).toBe(6);
  expect(readContents(root, "/run", { most: 3, ids: undefined }).inodes).toBe(4);
  expect(readContents(root, "/run", { most: 1, ids: undefined }).inodes).toBe(2);
});

test("of directories within directories, each of several pages, all files count", () => {
  const script = `mkdir wide; cd wide; perl -e 'for (1 .. 3) { for my $n (1 .. 40) { mkdir "$n" . "d" x 200 } chdir "1" . "d" x 200 }'`;
  execFileSync("sh", ["-c", script], { cwd: root });
  expect(readContents(root, "/wide", { most: 1000, ids: undefined })).toMatchObject({
    bytes: 0,
    inodes: 121,
    odd: undefined,
    closed: undefined,
  });
  expect(readContents(root, "/wide", { most: 50, ids: undefined }).inodes).toBe(51);
});

test("a link that a tmpfs has no room for beside its inode is a page", () => {
  const script =
    'mkdir links; ln -s "$(printf %127s | tr " " x)" links/short; ln -s "$(printf %128s | tr " " x)" links/long';
  execFileSync("sh", ["-c", script], { cwd: root });
  expect(readContents(root, "/links", { most: 1000, ids: undefined })).toMatchObject({
    bytes: 4096,
    inodes: 3,
  });
});

test.skipIf(process.getuid?.() !== 0).each([
  ["a file of a user beyond", "install -m 600 -o 70000 /dev/null at", true],
  ["of a group beyond", "install -m 640 -o 5 -g 70000 /dev/null at", true],
  ["of a group beyond, and its own", "install -m 640 -g 70000 /dev/null at", false],
  ["of a user beyond, and its own group", "install -m 640 -o 70000 /dev/null at", false],
  ["a directory that none may enter", "install -d -m 704 -o 70000 at", true],
  ["a file that all may read", "install -m 604 -o 70000 -g 70000 /dev/null at", false],
  ["a directory that all may read", "install -d -m 705 -o 70000 -g 70000 at", false],
  ["what all but its own group may read", "install -m 604 -o 70000 /dev/null at", true],
  [
    "a file with an access control list",
    "install -m 644 -o 70000 -g 70000 /dev/null at; setfacl -m u:0:- at",
    true,
  ],
  ["a file of the last id", "install -m 600 -o 65535 -g 65535 /dev/null at", false],
  ["a link", "ln -s nowhere at; chown -h 70000 at", false],
])("what a machine of its own ids may not read: %s (needs root)", (_, make, closed) => {
  execFileSync("sh", ["-c", `rm -rf ids; mkdir ids; cd ids; ${make}`], { cwd: root });
  expect(readContents(root, "/ids", { most: 1000, ids: 65_536 }).closed).toBe(closed ? "/ids/at" : undefined);
  expect(readContents(root, "/ids", { most: 1000, ids: undefined }).closed).toBeUndefined();
});

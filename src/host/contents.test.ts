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
    ln -s run there; mkfifo tmp/b/fifo; mkdir deep; cd deep
    perl -e 'for (1 .. 30) { mkdir "d" x 200; chdir "d" x 200 }'`;
  execFileSync("sh", ["-c", script], { cwd: root });
});
// rm, since it can remove what no path is long enough for.
afterAll(() => execFileSync("rm", ["-rf", root]));

test.each([
  ["files by the page, directories and links", "/run", { bytes: 8192, inodes: 6, odd: undefined }],
  ["through a link, inside the root", "/there", { bytes: 8192, inodes: 6, odd: undefined }],
  ["what is none of these", "/tmp", { bytes: 0, inodes: 3, odd: "/tmp/b/fifo" }],
  ["a path too long for anybody", "/deep", { odd: expect.stringContaining("ddd") }],
  ["nothing", "/missing", { bytes: 0, inodes: 0, odd: undefined }],
])("%s", (_, path, expected) => expect(readContents(root, path, 1000)).toMatchObject(expected));

test("no more files are counted than tell that there are too many", () => {
  expect(readContents(root, "/run", 6).inodes).toBe(6);
  expect(readContents(root, "/run", 3).inodes).toBe(4);
  expect(readContents(root, "/run", 1).inodes).toBe(2);
});

test("of directories within directories, each of several pages, all files count", () => {
  const script = `mkdir wide; cd wide; perl -e 'for (1 .. 3) { for my $n (1 .. 40) { mkdir "$n" . "d" x 200 } chdir "1" . "d" x 200 }'`;
  execFileSync("sh", ["-c", script], { cwd: root });
  expect(readContents(root, "/wide", 1000)).toEqual({ bytes: 0, inodes: 121, odd: undefined });
  expect(readContents(root, "/wide", 50).inodes).toBe(51);
});

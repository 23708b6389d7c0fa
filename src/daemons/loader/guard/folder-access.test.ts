import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hungFuse, inMounts, isRoot } from "#lab/mount-namespace.ts";
import { accessWarnings } from "./folder-access.ts";

let directory: string;
const at = (...names: readonly string[]) => join(directory, ...names);
const seen = () => accessWarnings("/srv/box", { parent: at("parent"), place: at("folder") });

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-folder-")));
  chmodSync(directory, 0o755);
  mkdirSync(at("parent"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a folder that others can walk to is warned of by its own name; a closed one is not", () => {
  mkdirSync(at("parent", "box"));
  expect(seen()).toEqual([expect.stringMatching(/can reach \/srv\/box.*chmod 700 \/srv\/box$/)]);
  chmodSync(at("parent", "box"), 0o700);
  expect(seen()).toEqual([]);
});

test("so is a closed one whose place others can give to another, and where that is so", () => {
  mkdirSync(at("parent", "box"), { mode: 0o700 });
  chmodSync(at("parent"), 0o777);
  expect(seen()).toEqual([
    expect.stringMatching(
      /redirect \/srv\/box to any directory.*: any user may write to \/srv\. Keep it .*\/srv\)$/,
    ),
  ]);
});

test("of a link to what is not seen by its name the folder itself is looked at", () => {
  symlinkSync("/nowhere/box", at("parent", "box"));
  mkdirSync(at("folder"), { mode: 0o700 });
  expect(seen()).toEqual([]);
  chmodSync(at("folder"), 0o755);
  expect(seen()).toEqual([expect.stringContaining("chmod 700 /srv/box")]);
});

describe.skipIf(!isRoot || !existsSync("/dev/fuse"))(
  "in another user's FUSE that never answers (needs root and /dev/fuse)",
  () => {
    const refusal = async (mounts: string, before: string) =>
      await inMounts(
        `const { refuseOthersFuse } = await import(${JSON.stringify(import.meta.resolve("./folder-access.ts"))});
      ${mounts}
      try { refuseOthersFuse("/srv/box", { parent: "/run/parent", place: "/run/folder" }); return "none"; }
      catch ({ code, message }) { return [code, message]; }`,
        `mkdir -p /run/parent /run/folder; ${before}`,
      );
    test.each([
      ["the directory that it is in", hungFuse("/run/parent"), ":"],
      ["a folder", hungFuse("/run/parent/box"), "mkdir /run/parent/box"],
      ["a folder that a link leads to", hungFuse("/run/folder"), "ln -s /nowhere /run/parent/box"],
      [
        "what a link leads to by now",
        hungFuse("/run/parent/m"),
        "mkdir /run/parent/m; ln -s m/box /run/parent/box",
      ],
      [
        "the lease's name",
        hungFuse("/run/parent/.box.berth-lease", "file"),
        "mkdir /run/parent/box; : >/run/parent/.box.berth-lease",
      ],
    ])("%s is refused, without a look", async (_, mounts, before) => {
      expect(await refusal(mounts, before)).toEqual(["file-untrusted", expect.stringContaining("/srv/box")]);
    });

    test("what is beside it is not", async () => {
      expect(await refusal(hungFuse("/run/parent/m"), "mkdir /run/parent/box /run/parent/m")).toBe("none");
    });
  },
);

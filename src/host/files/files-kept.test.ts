import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withFilesKept } from "./files-kept.ts";
import { replaceFile } from "./replace-file.ts";

let directory: string;
const at = (name: string) => join(directory, name);
const failing = (work: () => Promise<void>) =>
  withFilesKept(["old", "link", "gone", "new", "same"].map(at), async () => {
    await work();
    throw new Error("no");
  });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-kept-"));
  for (const name of ["old", "gone", "same"]) writeFileSync(at(name), name);
  symlinkSync("old", at("link"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("when work fails its files are what they were, in whatever way it has left them", async () => {
  const work = async () => {
    for (const name of ["old", "link", "new"]) await replaceFile(at(name), "other");
    rmSync(at("gone"));
  };
  await expect(failing(work)).rejects.toThrow("no");
  expect(readdirSync(directory).toSorted()).toEqual(["gone", "link", "old", "same"]);
  expect(["gone", "old", "same"].map((name) => readFileSync(at(name), "utf8"))).toEqual([
    "gone",
    "old",
    "same",
  ]);
  expect(readlinkSync(at("link"))).toBe("old");
});

test("one that cannot be put back keeps no other, is named, and so is its copy, which stays", async () => {
  const work = async () => {
    await replaceFile(at("gone"), "other");
    rmSync(at("old"));
    mkdirSync(join(at("old"), "in the way"), { recursive: true });
  };
  await expect(failing(work)).rejects.toMatchObject({
    message: `no; and cannot restore ${at("old")}`,
    hint: expect.stringMatching(/old/),
  });
  expect(readFileSync(at("gone"), "utf8")).toBe("gone");
  const copies = readdirSync(directory).filter((name) => !["gone", "link", "old", "same"].includes(name));
  expect(copies.map((name) => readFileSync(at(name), "utf8"))).toEqual(["old"]);
});

test("when it does not, they are as it has left them, and nothing else is there", async () => {
  const work = async () => {
    await replaceFile(at("old"), "other");
    return "done";
  };
  expect(await withFilesKept([at("old"), at("none")], work)).toBe("done");
  expect(readdirSync(directory).toSorted()).toEqual(["gone", "link", "old", "same"]);
  expect(readFileSync(at("old"), "utf8")).toBe("other");
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trustedUsers } from "../host/path-steps.ts";
import { bindWarning } from "./bind-warnings.ts";

let directory: string;
const at = (...names: readonly string[]) => join(directory, ...names);
const warning = (source: string, isWritable = true) => bindWarning(source, isWritable, trustedUsers({}));
const swapped = (fault: string) => expect.stringMatching(new RegExp(`lead to any directory of the host.*: ${fault}. Keep it .*/srv$`));
const other = 65534;

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-binds-")));
  chmodSync(directory, 0o755);
  mkdirSync(at("home", "data"), { recursive: true });
  chmodSync(at("home", "data"), 0o700);
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a directory on whose way nobody else decides and that is closed is not worth a word", () => {
  expect([warning(at("home", "data")), warning(at("home", "data"), false)]).toEqual([undefined, undefined]);
  chmodSync(at("home", "data"), 0o755);
  expect([warning(at("home", "data")), warning(at("home", "data"), false)]).toEqual([expect.stringContaining("can reach"), undefined]);
});

test("one above which everybody may write is warned of, also for reading, and one that is yet to be made", () => {
  chmodSync(at("home"), 0o777);
  const expected = swapped(`everybody may write to ${at("home")}`);
  const sources = [at("home", "data"), at("home", "new", "deeper")];
  expect(sources.flatMap((source) => [warning(source), warning(source, false)])).toEqual([expected, expected, expected, expected]);
});

test("in a sticky directory one's own cannot be exchanged, but what is not there yet", () => {
  chmodSync(at("home"), 0o1777);
  symlinkSync("none", at("home", "link"));
  const expected = swapped(`everybody may write to ${at("home")}`);
  expect(["data", "new", "link"].map((name) => warning(at("home", name)))).toEqual([undefined, expected, expected]);
});

test("what is written into the end itself is the machine's affair", () => {
  writeFileSync(at("home", "file"), "");
  for (const name of ["data", "file"]) chmodSync(at("home", name), 0o777);
  expect([warning(at("home", "data"), false), warning(at("home", "file"))]).toEqual([undefined, undefined]);
});

describe.skipIf(process.getuid?.() !== 0)("another user's (needs root)", () => {
  test("directory above, link, and link on the way of a link are named", () => {
    symlinkSync(at("home", "data"), at("link"));
    expect(warning(at("link"))).toBeUndefined();
    chownSync(at("home"), other, other);
    const expected = swapped(`${at("home")} belongs to the user ${other}`);
    expect([warning(at("home", "data")), warning(at("home", "data"), false), warning(at("link"))]).toEqual([expected, expected, expected]);
    symlinkSync(directory, at("home", "back"));
    mkdirSync(at("own"));
    chmodSync(at("own"), 0o700);
    symlinkSync(at("home", "back", "own"), at("through"));
    expect([warning(at("own")), warning(at("through"))]).toEqual([undefined, expected]);
  });

  test("directory at the end is not, but in a sticky directory, where its user may rename it", () => {
    chownSync(at("home", "data"), other, other);
    expect(warning(at("home", "data"), false)).toBeUndefined();
    chmodSync(at("home"), 0o1777);
    expect(warning(at("home", "data"), false)).toEqual(swapped(`${at("home", "data")} belongs to the user ${other}`));
  });
});

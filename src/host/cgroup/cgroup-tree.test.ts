import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mayBeOf, parseMountinfo } from "#linux/mountinfo.ts";
import { isCgroup, removeCgroups, walkCgroups } from "./cgroup-tree.ts";

let top = "";
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-tree-"));
});
// rm, since it can remove what no path is long enough for.
afterEach(() => execFileSync("rm", ["-rf", top]));

const depths = () => {
  const seen: number[] = [];
  walkCgroups(top, (_, depth) => seen.push(depth));
  return seen;
};

test("each is visited before those in it, however many and deep they are", () => {
  execFileSync("sh", ["-c", `mkdir -p a/b c; touch a/file; seq --format=c/%g 1000 | xargs mkdir`], {
    cwd: top,
  });
  expect(depths().toSorted()).toEqual([0, 1, 1, 2, ...Array.from({ length: 1000 }, () => 2)]);
  expect(depths()[0]).toBe(0);
  execFileSync("perl", ["-e", 'for (1 .. 1000) { mkdir "d" x 200 or die; chdir "d" x 200 or die }'], {
    cwd: top,
  });
  expect(Math.max(...depths())).toBe(1000);
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  expect(removeCgroups(top)).toBe(false);
  expect(open()).toBe(before);
}, 30_000);

test("what goes while it is visited, or before, is passed over", () => {
  for (const name of ["a", "b", "c"]) mkdirSync(join(top, name));
  const seen: number[] = [];
  walkCgroups(top, (place, depth) => {
    seen.push(depth);
    if (depth === 1)
      for (const name of ["a", "b", "c"]) rmSync(join(top, name), { recursive: true, force: true });
    expect(place).toStartWith("/proc/self/fd/");
  });
  expect(seen).toEqual([0, 1]);
});

test("after some time no more is visited, nor removed", () => {
  for (const name of ["a", "b", "c"]) mkdirSync(join(top, name));
  const end = performance.now() + 50;
  let seen = 0;
  walkCgroups(
    top,
    () => {
      seen += 1;
      while (performance.now() < end);
    },
    { end },
  );
  expect([seen, removeCgroups(top, end), readdirSync(top).toSorted()]).toEqual([1, false, ["a", "b", "c"]]);
});

const [hierarchy] = parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"), mayBeOf("cgroup")).map(
  ({ point }) => point,
);
test.skipIf(hierarchy === undefined)(
  "a cgroup is told from any other directory (needs a cgroup hierarchy)",
  () => {
    expect([top, "/nowhere", hierarchy ?? ""].map((path) => isCgroup(path))).toEqual([false, false, true]);
  },
);

test("all are removed, the deepest first, whatever their names", () => {
  mkdirSync(Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0xff])]));
  execFileSync("perl", ["-e", 'for (1 .. 200) { mkdir "d" x 200 or die; chdir "d" x 200 or die }'], {
    cwd: top,
  });
  expect(removeCgroups(top)).toBe(true);
  expect(existsSync(top)).toBe(false);
  expect(removeCgroups(top)).toBe(true);
  mkdirSync(top);
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildPlan } from "#plan/image/build-plan.ts";
import { cacheDirectory } from "#plan/image/cache.ts";
import { type BuilderOptions, type BuildOptions, buildRoot } from "./build-root.ts";
import { hostBuilder } from "./host-builder.ts";

/**
 * Stands in for the half minute of the real program, which the end-to-end tests run: it counts its runs and
 * writes its target.
 */
const program = `#!/bin/sh
echo run >>"$RUNS"
echo "I: installing essential packages..." >&2
case "$2" in
  fail) echo "E: no such archive" >&2; echo "E: mmdebstrap failed to run" >&2; exit 25 ;;
  place) mkdir "$TMPDIR/root"; echo "I: $TMPDIR/root..." >&2; setpriv --reuid=65534 --regid=65534 --clear-groups test -d "$TMPDIR/root" || exit; sleep 0.5 ;;
  hang) trap 'exit 143' TERM; sleep 30 & wait ;;
esac
sleep 0.2
echo root >"$1"
`;

let folder = "";
let cache = "";
const path = process.env.PATH;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-build-"));
  await writeFile(join(folder, "mmdebstrap"), program);
  await chmod(join(folder, "mmdebstrap"), 0o755);
  process.env.PATH = `${folder}:${path}`;
});
afterAll(async () => {
  process.env.PATH = path;
  delete process.env.RUNS;
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  cache = await mkdtemp(join(folder, "cache-"));
  process.env.RUNS = join(cache, "runs");
  await writeFile(process.env.RUNS, "");
});

const plan = (mode = "", digest = "0123456789abcdef".repeat(4)): BuildPlan => ({
  name: "web",
  repository: "berth/web",
  tag: "latest",
  digest,
  keyring: join(folder, "mmdebstrap"),
  keyrings: [],
  command: (target) => [target, mode],
});
const build = (planned: BuildPlan, options: BuildOptions & BuilderOptions) =>
  buildRoot(planned, hostBuilder(planned, options), options);
const runs = async () => (await readFile(join(cache, "runs"), "utf8")).split("\n").length - 1;
const roots = async () =>
  (await readdir(join(cache, "roots"))).filter((name) => !name.endsWith(".lock")).sort();

describe("building into the cache", () => {
  test("two at once build once, and both get it", async () => {
    const [a, b] = await Promise.all([build(plan(), { cache }), build(plan(), { cache })]);
    expect(a).toBe(b);
    expect(await readFile(a, "utf8")).toBe("root\n");
    expect(await runs()).toBe(1);
    expect(await roots()).toEqual(["web-0123456789ab.tar"]);
  });

  test("again only when asked", async () => {
    const steps: string[] = [];
    await build(plan(), { cache, onProgress: (step) => steps.push(step) });
    await build(plan(), { cache });
    expect(await runs()).toBe(1);
    await build(plan(), { cache, rebuild: true });
    expect(await runs()).toBe(2);
    expect(steps).toEqual(["installing essential packages"]);
  });

  test("a changed recipe takes the place of the old one, not of another's", async () => {
    await mkdir(join(cache, "roots"));
    await writeFile(join(cache, "roots", "web-2-0123456789ab.tar"), "");
    await build(plan(), { cache });
    await build(plan("", "f".repeat(64)), { cache });
    expect(await roots()).toEqual(["web-2-0123456789ab.tar", "web-ffffffffffff.tar"]);
  });

  test("an interruption leaves nothing and ends what waits", async () => {
    const abort = new AbortController();
    const failureOf = (building: Promise<string>) => building.catch((error: unknown) => error);
    let waiting: Promise<unknown> | undefined;
    const onProgress = () => {
      waiting = failureOf(build(plan("hang"), { cache, signal: abort.signal }));
      setTimeout(() => abort.abort(), 100);
    };
    expect(await failureOf(build(plan("hang"), { cache, signal: abort.signal, onProgress }))).toMatchObject({
      code: "interrupted",
    });
    expect(await waiting).toMatchObject({ code: "interrupted" });
    expect(await roots()).toEqual([]);
  });

  test("a failure tells what apt said, leaves nothing, and frees the lock", async () => {
    const failure = await build(plan("fail"), { cache }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "tool-failed",
      message: "cannot build the root: E: no such archive",
    });
    expect(await roots()).toEqual([]);
    await build(plan(), { cache });
    expect(await roots()).toEqual(["web-0123456789ab.tar"]);
  });

  test("a killed builder's leftovers go", async () => {
    const leftover = join(cache, "roots", ".web-0123456789ab.work-dead");
    await mkdir(leftover, { recursive: true });
    await build(plan(), { cache });
    expect(await roots()).toEqual(["web-0123456789ab.tar"]);
  });

  test("without mmdebstrap", async () => {
    for (const tool of ["mount", "rm", "sh", "true", "unshare"])
      await symlink(Bun.which(tool) ?? tool, join(cache, tool));
    process.env.PATH = cache;
    const failure = await build(plan(), { cache }).catch((error: unknown) => error);
    process.env.PATH = `${folder}:${path}`;
    expect(failure).toMatchObject({ code: "tool-missing", message: "mmdebstrap is not installed" });
    expect(await roots()).toEqual([]);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "other users reach a half-built root by none of its names (needs root)",
  async () => {
    for (const directory of [folder, cache]) await chmod(directory, 0o755);
    const reached: (readonly [string, boolean, boolean])[] = [];
    const onProgress = (step: string) => {
      const work = /^.*\.work-\w+/.exec(step)?.[0] ?? "";
      for (const name of step.startsWith("/") ? [step.slice(work.length + 1), "tree/root"] : []) {
        const look = (...as: readonly string[]) =>
          Bun.spawnSync([...as, "test", "-d", join(work, name)]).success;
        reached.push([
          name,
          look("env"),
          look("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
        ]);
      }
    };
    await build(plan("place"), { cache, onProgress });
    expect(reached).toEqual([
      ["root", false, false],
      ["tree/root", true, false],
    ]);
    expect(await roots()).toEqual(["web-0123456789ab.tar"]);
  },
);

test("the cache's place", () => {
  expect(cacheDirectory({ BERTH_CACHE: "/c" }, 0, "/root")).toBe("/c");
  expect(cacheDirectory({}, 0, "/root")).toBe("/var/cache/berth");
  expect(cacheDirectory({}, 1000, "/home/a")).toBe("/home/a/.cache/berth");
  expect(cacheDirectory({ XDG_CACHE_HOME: "/x" }, 1000, "/home/a")).toBe("/x/berth");
  expect(cacheDirectory({ XDG_CACHE_HOME: "x" }, 1000, "/home/a")).toBe("/home/a/.cache/berth");
});

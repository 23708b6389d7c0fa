import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hungFuse, inMounts, isRoot } from "#lab/mount-namespace.ts";
import { isThere, realPathOf, trustedUsers, withWay } from "./path-steps.ts";

let directory: string;
const at = (...names: readonly string[]) => join(directory, ...names);
/** What is gone through from the test's directory on, links with an @. */
function wayOf(path: string) {
  const shown = (paths: readonly string[]) =>
    paths.flatMap((step) => (step.startsWith(`${directory}/`) ? [step.slice(directory.length)] : []));
  return withWay(path, trustedUsers({}), ({ steps, real, end }) => ({
    steps: shown(steps.map((step) => step.path + (step.kind === "link" ? "@" : ""))),
    real: shown(real.map((step) => step.path)),
    end,
  }));
}

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-way-")));
  mkdirSync(at("a", "b"), { recursive: true });
  mkdirSync(at("c"));
  writeFileSync(at("a", "b", "file"), "it");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a way leads through links, what they lead through, and links of that", () => {
  symlinkSync(at("c", "second"), at("first"));
  symlinkSync("../a/third", at("c", "second"));
  symlinkSync("./b//file", at("a", "third"));
  const [steps, real] = [
    ["/first@", "/c", "/c/second@", "/a", "/a/third@", "/a/b", "/a/b/file"],
    ["/a", "/a/b", "/a/b/file"],
  ];
  expect(wayOf(at("first"))).toEqual({ steps, real, end: "there" });
  expect([realPathOf(at("first"), trustedUsers({})), isThere(at("first"))]).toEqual([
    at("a", "b", "file"),
    true,
  ]);
  expect(withWay(at("first"), trustedUsers({}), (_, place) => readFileSync(place ?? "", "utf8"))).toBe("it");
});

test("what is above is above what a link leads to", () => {
  symlinkSync(at("a", "b"), at("c", "link"));
  expect(wayOf(`${at("c", "link")}/../b/file/`)).toEqual({
    steps: ["/c", "/c/link@", "/a", "/a/b", "/a/b", "/a/b/file"],
    real: ["/a", "/a/b", "/a/b/file"],
    end: "there",
  });
  expect(withWay("/../..", trustedUsers({}), ({ real }) => real.map(({ path }) => path))).toEqual(["/"]);
});

test("it ends where nothing is: a name, a link to it, a link to itself, below a file", () => {
  symlinkSync("none/deeper", at("dangling"));
  symlinkSync("loop", at("loop"));
  expect(wayOf(at("c", "none", "deeper"))).toEqual({ steps: ["/c"], real: ["/c"], end: "missing" });
  expect(wayOf(at("dangling"))).toEqual({ steps: ["/dangling@"], real: [], end: "missing" });
  expect(wayOf(at("loop")).end).toBe("missing");
  expect(wayOf(at("a", "b", "file", "x")).end).toBe("missing");
  for (const name of ["none", "dangling", "loop"])
    expect([isThere(at(name)), realPathOf(at(name), trustedUsers({}))]).toEqual([false, undefined]);
});

test("it is walked over so many names and no more, though the kernel goes on", () => {
  const around = (times: number) => "a/../".repeat(times);
  // With the names of the directory.
  const rest = 256 - at("a").split("/").length + 1;
  for (const [end, ...targets] of [
    ["too-long", around(800)],
    ["too-long", `${around(100)}second`, `${around(100)}a`],
    ["there", `${around((rest - 2) >> 1)}a`],
  ] as const) {
    for (const [index, target] of targets.entries())
      symlinkSync(target, at(["first", "second"][index] ?? ""));
    expect(existsSync(at("first"))).toBe(true);
    expect(wayOf(at("first")).end).toBe(end);
    expect([isThere(at("first")), realPathOf(at("first"), trustedUsers({}))]).toEqual([
      true,
      end === "there" ? at("a") : undefined,
    ]);
    for (const index of targets.keys()) rmSync(at(["first", "second"][index] ?? ""));
  }
});

test("a path that the kernel takes for too long is not walked", () => {
  const [steps, real] = [[], []];
  expect(wayOf(`${at("a")}${"/.".repeat(2048)}`)).toEqual({ steps, real, end: "missing" });
});

test("nothing is left open, wherever it ends, also when the work fails", () => {
  symlinkSync(at("a"), at("c", "absolute"));
  symlinkSync("../a/b", at("c", "relative"));
  symlinkSync("loop", at("loop"));
  const places = ["c/absolute/b/file", "c/relative/../b", "c/none", "loop", "a/b/file/x"];
  const failing = () => {
    throw new Error("no");
  };
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (const place of places) {
    wayOf(at(place));
    expect(() => withWay(at(place), trustedUsers({}), failing)).toThrow("no");
  }
  expect(open()).toBe(before);
});

describe.skipIf(!isRoot || !existsSync("/dev/fuse"))(
  "what another user has mounted by FUSE (needs root and /dev/fuse)",
  () => {
    const program = `const { isThere, realPathOf, withWay } = await import(${JSON.stringify(import.meta.resolve("./path-steps.ts"))});
    const { bindWarning } = await import(${JSON.stringify(import.meta.resolve("#ops/machine/bind-warnings.ts"))});
    const { findFleet } = await import(${JSON.stringify(import.meta.resolve("#cli/options/fleet-file.ts"))});
    const { openContext } = await import(${JSON.stringify(import.meta.resolve("#cli/frame/context.ts"))});
    const { parseGlobals } = await import(${JSON.stringify(import.meta.resolve("#cli/frame/global-options.ts"))});
    const { memoryIo } = await import(${JSON.stringify(import.meta.resolve("#cli/test/memory-io.ts"))});
    const { withTarball } = await import(${JSON.stringify(import.meta.resolve("#image/tarball/tarball.ts"))});
    const { mount } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/syscalls.ts"))});
    const { openSync } = await import("node:fs");
    const root = new Set([0]);
    const contextIn = (cwd) => { const { io } = memoryIo({ cwd, env: {} }); return openContext(io, parseGlobals({}), io.signal, []).context; };
    const refusal = (work) => { try { work(); return "none"; } catch ({ code, message }) { return { code, message }; } };
    ${hungFuse("/run/top/m")}
  `;
    const seen = async (work: string, before = "") =>
      await inMounts(program + work, `chmod 755 /run; mkdir -p /run/top/m; ${before}`);

    test("is not looked into, whatever leads there: neither hung nor believed", async () => {
      const look = `const way = (path) => withWay(path, root, ({ steps, end }) => [steps.at(-1).path, steps.at(-1).kind, steps.at(-1).uid, end]);
      return [way("/run/top/m"), way("/run/top/m/deep/er"), way("/run/link/x"), isThere("/run/top/m/x"), realPathOf("/run/top/m", root) ?? "none"];`;
      const stop = ["/run/top/m", "fuse", 4242, "unseen"];
      expect(await seen(look, "ln -s top/m /run/link")).toEqual([stop, stop, stop, true, "none"]);
    });

    test("a bind below it is warned of, for reading, too; one beside it is not", async () => {
      const fault = "/run/top/m is a file system of the user 4242's (FUSE)";
      const work = `return ["/run/top/m", "/run/top/m/data", "/run/top/data"].map((source) => bindWarning(source, false, root) ?? "none");`;
      const warning = expect.stringContaining(fault);
      expect(await seen(work, "mkdir /run/top/data")).toEqual([warning, warning, "none"]);
    });

    test("what is mounted over a directory once its way is known is not asked for its access control list", async () => {
      const judge = `return withWay("/run/top/own", root, ({ steps }) => {
        mount("x", "/run/top/own", "fuse.x", 2 | 4, "rootmode=40000,user_id=4242,group_id=4242,allow_other,fd=" + openSync("/dev/fuse", "r+"));
        return steps.at(-1).hasAccessList();
      });`;
      expect(await seen(judge, "install -d -m 710 -o 4242 -g 4242 /run/top/own")).toBe(false);
    });

    test("a tarball in it is refused", async () => {
      const work = `return await withTarball("/run/top/m/root.tar", () => "read").catch(({ code, message }) => ({ code, message }));`;
      expect(await seen(work)).toEqual({
        code: "file-untrusted",
        message: expect.stringContaining("/run/top/m"),
      });
    });

    test("a tarball is read as it was looked at, however often a link to it is led into one and back", async () => {
      const flip = `const { renameSync, symlinkSync } = require("node:fs");
      for (const end = Date.now() + 4000; Date.now() < end; ) for (const to of ["../top/m/x", "real.tar"]) { symlinkSync(to, "/run/own/n"); renameSync("/run/own/n", "/run/own/root.tar"); }`;
      const work = `const flipping = Bun.spawn([process.execPath, "-e", ${JSON.stringify(flip)}]);
      const seen = new Set();
      const open = () => withTarball("/run/own/root.tar", () => "read").catch(({ code }) => code);
      for (const end = Date.now() + 1000; Date.now() < end; ) seen.add(await open());
      flipping.kill("SIGKILL");
      return [...seen].sort();`;
      const before = "mkdir /run/own; echo it >/run/own/real.tar; ln -s real.tar /run/own/root.tar";
      expect(await seen(work, before)).toEqual(["file-untrusted", "read"]);
    });

    test("a berth.yaml in it, or that a link leads to there, is refused without a look; one above it is not", async () => {
      const work = `return [refusal(() => findFleet(contextIn("/run/top/m"))), refusal(() => findFleet(contextIn("/run/top"))),
      findFleet(contextIn("/run/own"))?.project.file];`;
      const before =
        "ln -s m/berth.yaml /run/top/berth.yaml; mkdir /run/own; echo 'machines: {web: {image: x}}' >/run/own/berth.yaml";
      const refused = {
        code: "file-untrusted",
        message: expect.stringContaining("/run/top/m is a file system of the user 4242's (FUSE)"),
      };
      expect(await seen(work, before)).toEqual([refused, refused, "/run/own/berth.yaml"]);
    });
  },
);

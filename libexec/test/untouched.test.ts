import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { bundleOf, call, stateOf } = launcher;

describe("everything else goes through untouched", () => {
  test.each([
    [["sleep", "1"]],
    [["/init"]],
    [["/docker-init-ish"]],
    [["/sbin/docker-init", "--", "sh"]],
    [["/bin/s6-svscan"]],
    [["sh", "-c", "init 6"]],
  ])("create of %p", (args) => {
    const bundle = bundleOf(args);
    const before = readFileSync(join(bundle, "config.json"));
    const words = ["--root", "/r/a", "create", "--bundle", bundle, "box"];
    const result = call({ words, env: { REAL_STATUS: "7" } });
    expect(result).toMatchObject({ status: 7, real: words, stdout: "", stderr: "" });
    // "/init" may still be a machine, which berth itself tells; no other is.
    expect(result.berth !== undefined).toBe(args[0] === "/init");
    expect(readFileSync(join(bundle, "config.json"))).toEqual(before);
  });

  test("but berth is told of what an earlier start has left, for it to clear", () => {
    const bundle = bundleOf(["sleep", "1"]);
    const words = ["--root", "/r/left", "create", "--bundle", bundle, "box"];
    expect(call({ words }).berth).toBeUndefined();
    stateOf("/r/left", "box");
    expect(call({ words })).toMatchObject({
      status: 0,
      real: words,
      berth: expect.arrayContaining(["/run/berth/runtime/r/left/box"]),
    });
  });

  test("create without a config.json", () => {
    expect(call({ words: ["create", "--bundle", join(launcher.record, "none"), "box"] })).toMatchObject({
      status: 0,
      berth: undefined,
      stderr: "",
    });
  });

  test.each([
    [["state", "create"]],
    [["start", "box"]],
    [["exec", "--process", "/p", "create", "/sbin/init"]],
    [["--root", "/r/a", "ps", "box"]],
    [["--version"]],
    [["--root", "create", "list"]],
    [["create"]],
    [["create", ""]],
    [["create", "../box"]],
    [["create", ".."]],
    [["kill"]],
    [["kill", "a/b"]],
    [["delete", "--force"]],
    [[]],
    [["", " ", "*", "a\nb", "'"]],
  ])("%p", (words) => {
    const bundle = bundleOf(["/sbin/init"]);
    expect(call({ words, cwd: bundle })).toMatchObject({
      status: 0,
      real: words,
      berth: undefined,
      stdout: "",
      stderr: "",
    });
  });

  test("a real runtime that is not there is the shell's usual 127", () => {
    expect(call({ words: ["state", "x"], env: { BERTH_REAL_RUNTIME: "/nowhere/runc" } }).status).toBe(127);
  });
});

describe("the real runtime starts as if the launcher were not there", () => {
  const before = `trap "" HUP USR1 PIPE; ulimit -n 777; ulimit -c 0; exec 3<${"/dev/zero"} 7>/dev/null 9</dev/full`;
  const env = { HOME: "/nowhere", ODD: "a\nb", EMPTY: "", LISTEN_FDS: "1", _LIBCONTAINER_X: "5" };
  const parts = ["real.environ", "real.fds", "real.signals", "real.limits"];

  test.each([
    ["state", "dash", ["state", "box"]],
    ["create without an init", "dash", ["create", "-b", "PLAIN", "box"]],
    ["create with an init", "dash", ["create", "-b", "INIT", "box"]],
    ["kill, translated", "dash", ["--root", "/r/same", "kill", "box", "15"]],
    ["state", "bash --posix", ["state", "box"]],
  ])("%s in %s", (_, shell, template) => {
    stateOf("/r/same", "box");
    const bundles = { PLAIN: bundleOf(["sh"], "plain"), INIT: bundleOf(["/sbin/init"], "init") };
    const words = template.map((word) => (word === "PLAIN" || word === "INIT" ? bundles[word] : word));
    const look = (direct: boolean) => {
      expect(call({ words, env, before, direct, shell: shell.split(" ") }).status).toBe(0);
      return parts.map((name) => {
        const text = readFileSync(join(launcher.record, name), "utf8");
        // Bash sets these two of its own accord; the engine's shell is the one of /bin/sh.
        return name === "real.environ" && shell !== "dash"
          ? text.replace(/^(_|SHLVL|OLDPWD)=.*\n/gm, "")
          : text.replace(/\[\d+\]$/gm, "");
      });
    };
    const direct = look(true);
    expect(direct[1]).toContain("9 /dev/full");
    expect(direct[3]).toMatch(/open files\s+777/);
    expect(look(false)).toEqual(direct);
  });
});

import { beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { stateFile } from "#oci/machine-state.ts";
import { asRoot, patcher, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { call, recorded, stateOf } = launcher;

describe("delete", () => {
  const words = ["--root", "/run/roots/a b", "delete", "--force", "box"];
  beforeEach(() => mkdirSync(join(launcher.run, "roots/a b/box"), { recursive: true }));

  test.each(["0", "3"])("removes the state when the container is gone; status %s", (status) => {
    const state = stateOf("/run/roots/a b", "box");
    expect(call({ words, env: { DO: 'rmdir "/run/roots/a b/box"', REAL_STATUS: status } })).toMatchObject({
      status: Number(status),
      real: words,
      stderr: "",
    });
    expect(existsSync(state)).toBe(false);
  });

  test("has a runtime forget a machine of which it could not remove all cgroups", () => {
    const state = stateOf("/run/roots/a b", "box");
    mkdirSync(join(launcher.run, "left/cgroup/below"), { recursive: true });
    writeFileSync(join(state, "cgroups"), "/run/left/cgroup\n");
    writeFileSync(join(state, "pid"), "999999999\n");
    const DO = '[ ! -d /run/left/cgroup ] || exit 1; rmdir "/run/roots/a b/box"';
    writeFileSync(join(launcher.directory, "berth"), `${patcher.split("exit")[0]}rm -r /run/left/cgroup`);
    const berth = [
      "runtime",
      "rmdir",
      "--state",
      "/run/berth/runtime/run/roots/a b/box",
      "--log",
      "",
      "--",
      "box",
    ];
    try {
      expect(call({ words, env: { DO } })).toMatchObject({ status: 0, real: words, stderr: "", berth });
    } finally {
      writeFileSync(join(launcher.directory, "berth"), patcher);
    }
    expect(existsSync(state)).toBe(false);
  });

  test("gives the engine its own mount back before the state of a machine that has a mirror goes", () => {
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "mirror"), "{}");
    const { berth, status } = call({ words, env: { DO: 'rmdir "/run/roots/a b/box"' } });
    expect(status).toBe(0);
    expect(berth).toEqual([
      "runtime",
      "delete",
      "--state",
      "/run/berth/runtime/run/roots/a b/box",
      "--log",
      "",
      "--",
      "box",
    ]);
    expect(existsSync(state)).toBe(false);
  });

  test("a machine's own hook does the same, where none may follow, and delete finds nothing left to do", () => {
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "mirror"), "{}");
    const place = "/run/berth/runtime/run/roots/a b/box";
    for (const _ of ["there", "gone"])
      expect(call({ words: ["clear", place] })).toMatchObject({ status: 0, stderr: "", real: undefined });
    expect(recorded("berth.argv")).toEqual(["runtime", "delete", "--state", place, "--log", "", "--", "box"]);
    expect(existsSync(state)).toBe(false);
    stateOf("/run/roots/a b", "box");
    const hook = `'${join(launcher.directory, "berth-runtime")}' clear '${place}'`;
    expect(call({ words, env: { DO: `rmdir "/run/roots/a b/box"; ${hook}` } })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test("asks for no such thing where there is no mirror, or the container is still there", () => {
    stateOf("/run/roots/a b", "box");
    expect(call({ words, env: { DO: 'rmdir "/run/roots/a b/box"' } }).berth).toBeUndefined();
    mkdirSync(join(launcher.run, "roots/a b/box"), { recursive: true });
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "mirror"), "{}");
    expect(call({ words, env: { REAL_STATUS: "1" } })).toMatchObject({ status: 1, berth: undefined });
    expect(existsSync(join(state, "mirror"))).toBe(true);
    rmSync(state, { recursive: true });
  });

  test("keeps it when the container is still there", () => {
    const state = stateOf("/run/roots/a b", "box");
    expect(call({ words, env: { REAL_STATUS: "1" } }).status).toBe(1);
    for (const file of ["stop-signal", "machine-id", "host/os-release"])
      expect(existsSync(join(state, file))).toBe(true);
  });

  test("leaves what is not ours", () => {
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "foreign"), "");
    expect(call({ words, env: { DO: 'rmdir "/run/roots/a b/box"' } }).status).toBe(0);
    expect(existsSync(join(state, "foreign"))).toBe(true);
    expect(existsSync(join(state, "stop-signal"))).toBe(false);
    rmSync(state, { recursive: true });
  });

  /** The state of a machine in a user namespace, with its stage's place. */
  const isolated = () => {
    const state = stateOf("/run/roots/a b", "box");
    for (const name of Object.values(stateFile)) writeFileSync(join(state, name), "x");
    mkdirSync(join(state, "stage/root"), { recursive: true });
    return state;
  };
  const gone = 'rmdir "/run/roots/a b/box"';

  test("removes all of a machine in a user namespace", () => {
    const state = isolated();
    expect(call({ words, env: { DO: gone } })).toMatchObject({ status: 0, stderr: "" });
    expect(existsSync(state)).toBe(false);
  });

  test.skipIf(!asRoot)("detaches a stage that is still mounted, and what it shows stays (needs root)", () => {
    const state = isolated();
    const stage = "/run/berth/runtime/run/roots/a b/box/stage";
    const before = `mkdir -p /run/layers && echo dear >/run/layers/letter && mount -t tmpfs x "${stage}" && mkdir "${stage}/root" && mount --bind /run/layers "${stage}/root"`;
    expect(call({ words, env: { DO: gone }, before })).toMatchObject({ status: 0, stderr: "" });
    expect(existsSync(state)).toBe(false);
    expect(readFileSync(join(launcher.run, "layers/letter"), "utf8")).toBe("dear\n");
    expect(readFileSync(`/proc/${launcher.holder}/mountinfo`, "utf8")).not.toContain("/stage");
  });

  test("what is in the stage's place without being mounted is never removed", () => {
    const state = isolated();
    writeFileSync(join(state, "stage/root/precious"), "");
    expect(call({ words, env: { DO: gone } }).status).toBe(0);
    expect(existsSync(join(state, "stage/root/precious"))).toBe(true);
    rmSync(state, { recursive: true });
  });

  /** rm and rmdir that take one thing after the other, and the launcher's life after so many. */
  const deadly = (step: number) => {
    const programs = mkdtempSync(join(launcher.record, "programs "));
    for (const name of ["rm", "rmdir"]) {
      const text = `#!/bin/sh
        PATH=\${PATH#*:}; option=; [ "$1" != -f ] || { option=-f; shift; }
        for place; do
          ${name} $option "$place"; echo x >>"$REC/steps"
          [ "$(wc -l <"$REC/steps")" -lt ${step} ] || { kill -KILL $PPID; exit; }
        done`;
      writeFileSync(join(programs, name), text);
      chmodSync(join(programs, name), 0o755);
    }
    return `${programs}:${process.env.PATH}`;
  };

  test("killed after any step it leaves a state that is found, or nothing but a directory", () => {
    let step = 0;
    for (let status: number | null = null; status !== 0; ) {
      step += 1;
      const state = isolated();
      mkdirSync(join(launcher.run, "roots/a b/box"), { recursive: true });
      rmSync(join(launcher.record, "steps"), { force: true });
      status = call({ words, env: { PATH: deadly(step), DO: gone } }).status;
      const left = existsSync(state) ? readdirSync(state) : [];
      expect([step, left.length === 0 || left.includes("stop-signal")]).toEqual([step, true]);
      rmSync(state, { recursive: true, force: true });
    }
    // All of its files and directories, one by one.
    expect(step).toBeGreaterThan(15);
  }, 20_000);

  test("of a container without a state goes through", () => {
    expect(call({ words: ["delete", "plain"], env: { REAL_STATUS: "4" } })).toMatchObject({
      status: 4,
      real: ["delete", "plain"],
      stderr: "",
    });
  });
});

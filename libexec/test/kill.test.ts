import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "#lab/wait-for.ts";
import { startOf, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { call, stateOf } = launcher;

describe("kill", () => {
  const at = ["--root", "/r/kill"];
  beforeAll(() => {
    for (const id of ["box", "kill", "15", "TERM"]) stateOf("/r/kill", id);
    stateOf("/r/kill", "torn", "");
  });

  test.each([
    [
      ["kill", "box"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "box", "15"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "box", "TERM"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "box", "SIGTERM"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "--", "box", "15"],
      ["kill", "--", "box", "37"],
    ],
    [
      ["kill", "kill", "15"],
      ["kill", "kill", "37"],
    ],
    [
      ["kill", "15"],
      ["kill", "15", "37"],
    ],
    [
      ["kill", "15", "15"],
      ["kill", "15", "37"],
    ],
    [
      ["kill", "TERM", "TERM"],
      ["kill", "TERM", "37"],
    ],
    [
      ["kill", "box", "15", "--regex"],
      ["kill", "box", "37", "--regex"],
    ],
    [["kill", "box", "9"], undefined],
    [["kill", "box", "KILL"], undefined],
    [["kill", "box", "37"], undefined],
    [["kill", "box", "1"], undefined],
    [["kill", "box", "5"], undefined],
    [["kill", "--all", "box", "15"], undefined],
    [["kill", "-a", "box", "TERM"], undefined],
    [["kill", "-a", "box", "5"], undefined],
    [["kill", "--all", "box"], undefined],
    [["kill", "other", "15"], undefined],
    [["kill", "other"], undefined],
    [["kill", "torn", "15"], undefined],
  ])("%p becomes %p", (words, expected) => {
    const result = call({ words: [...at, ...words] });
    expect(result).toMatchObject({
      status: 0,
      real: [...at, ...(expected ?? words)],
      stdout: "",
      stderr: "",
    });
  });

  test("of another root's container of the same name is untouched", () => {
    expect(call({ words: ["--root", "/r/other", "kill", "box", "15"] }).real?.at(-1)).toBe("15");
  });

  test("each default root is its own runtime's", () => {
    stateOf("/run/real", "mine");
    stateOf("/run/runc", "theirs");
    expect(call({ words: ["kill", "mine", "15"] }).real?.at(-1)).toBe("37");
    expect(call({ words: ["kill", "theirs", "15"] }).real?.at(-1)).toBe("15");
  });
});

describe("kill and delete, of a machine that may hold some of itself", () => {
  const end = ["runtime", "end", "--state", "/run/berth/runtime/r/held/box", "--log", "", "--", "box"];
  const hold = (file: "freezer" | "limits") => {
    const state = stateOf("/r/held", "box");
    writeFileSync(join(state, file), "/run/held/box\n");
    return state;
  };
  afterEach(() => rmSync(join(launcher.run, "berth/runtime/r/held"), { recursive: true, force: true }));

  test.each([
    [["kill", "box", "9"]],
    [["kill", "box", "KILL"]],
    [["kill", "box", "SIGKILL"]],
    [["delete", "--force", "box"]],
    [["delete", "-f", "box"]],
    [["delete", "-force=true", "box"]],
  ])("%p has berth end what is left of it, and has the real runtime's status", (verb) => {
    for (const file of ["freezer", "limits"] as const) {
      hold(file);
      const words = ["--root", "/r/held", ...verb];
      expect(call({ words, env: { REAL_STATUS: "3" } })).toMatchObject({
        status: 3,
        real: words,
        stderr: "",
        berth: end,
      });
    }
  });

  test("of one that runs on nothing is ended before it has had a second", () => {
    const state = hold("limits");
    const running = spawn("sleep", ["600"], { stdio: "ignore" });
    writeFileSync(join(state, "pid"), `${running.pid}\n${startOf(running)}\n`);
    const began = performance.now();
    expect(call({ words: ["--root", "/r/held", "kill", "box", "9"] }).berth).toEqual(end);
    expect(performance.now() - began).toBeGreaterThan(1000);
    running.kill("SIGKILL");
  });

  test.each([
    ["a machine that has ended", "", ["kill", "box", "9"]],
    ["a machine whose init waits to be reaped", "Z", ["delete", "--force", "box"]],
  ] as const)("%s is not looked at any more, however many cgroups it has left", async (_, kind, verb) => {
    const state = hold("limits");
    // Its parent never asks what has become of it.
    const parent = spawn("sh", ["-c", "sleep 600 & echo $!; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = parent.stdout === null ? [] : await once(parent.stdout, "data");
    const pid = Number(String(line));
    const begun = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
    writeFileSync(join(state, "pid"), kind === "" ? "999999999\n" : `${pid}\n${begun}\n`);
    await waitFor(
      "the parent sleeps",
      async () => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n",
    );
    process.kill(pid, "SIGKILL");
    await waitFor("the process is a zombie", async () =>
      readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "),
    );
    expect(call({ words: ["--root", "/r/held", ...verb] })).toMatchObject({
      status: 0,
      stderr: "",
      berth: undefined,
    });
    parent.kill("SIGKILL");
  });

  test.each([
    ["another signal", ["kill", "box", "10"]],
    ["a delete without force", ["delete", "box"]],
  ] as const)("%s ends nothing", (_, verb) => {
    hold("freezer");
    const words = ["--root", "/r/held", ...verb];
    expect(call({ words })).toMatchObject({ status: 0, real: words, stderr: "", berth: undefined });
  });
});

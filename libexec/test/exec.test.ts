import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { call, stateOf } = launcher;

describe("exec", () => {
  const words = (...flags: string[]) => ["--root", "/r/exec", "exec", ...flags];
  beforeAll(() => {
    stateOf("/r/exec", "whole");
    writeFileSync(join(stateOf("/r/exec", "lacks"), "lacking"), "CAP_SYS_RESOURCE\n");
    writeFileSync(join(stateOf("/r/exec", "isolated"), "capabilities"), "CAP_SYS_ADMIN\n");
  });

  test.each([
    [["--process", "/p/x"]],
    [["--process=/p/x"]],
    [["-p", "/p/x"]],
    [["--pid-file", "/p/y", "--process", "/p/x", "-d"]],
  ])("%p of a machine whose host lacks capabilities: berth takes them from the process first", (flags) => {
    const { berth, real } = call({ words: words(...flags, "lacks") });
    const state = "/run/berth/runtime/r/exec/lacks";
    expect(berth).toEqual([
      "runtime",
      "exec",
      "--process",
      "/p/x",
      "--state",
      state,
      "--log",
      "",
      "--",
      "lacks",
    ]);
    expect(real).toEqual(words(...flags, "lacks"));
  });

  test("of a machine in a user namespace: berth gives the process the machine's", () => {
    const { berth, real } = call({ words: words("--process", "/p/x", "isolated") });
    expect(berth?.slice(0, 6)).toEqual([
      "runtime",
      "exec",
      "--process",
      "/p/x",
      "--state",
      "/run/berth/runtime/r/exec/isolated",
    ]);
    expect(real).toEqual(words("--process", "/p/x", "isolated"));
  });

  test.each([
    [["--process", "/p/x", "whole"]],
    [["--process", "/p/x", "stranger"]],
    [["lacks", "ls"]],
    [["lacks", "cp", "-p", "x", "y"]],
  ])("%p goes through untouched", (rest) => {
    const { berth, real } = call({ words: words(...rest) });
    expect(berth).toBeUndefined();
    expect(real).toEqual(words(...rest));
  });

  test("detached, in a process group of its own, with its status", () => {
    const group = 'for pid in $$ $PPID; do cut -d" " -f5 </proc/$pid/stat; done >"$REC/group"; exit 7';
    expect(call({ words: words("--detach", "whole", "ls"), env: { DO: group } })).toMatchObject({
      status: 7,
      stderr: "",
    });
    const [own, parents] = readFileSync(join(launcher.record, "group"), "utf8").trim().split(/\s+/);
    expect(own).toBe(String(parents));
    expect(own).not.toBe(readFileSync("/proc/self/stat", "utf8").split(" ")[4] ?? "");
  });

  test("in the foreground it takes as long as it takes, whatever options its own command has", () => {
    const parent = 'readlink "/proc/$PPID/exe" >"$REC/parent"';
    call({ words: words("whole", "sort", "-d", "--detach"), env: { DO: parent } });
    expect(readFileSync(join(launcher.record, "parent"), "utf8")).not.toContain("timeout");
    call({ words: words("-d", "whole", "sort"), env: { DO: parent } });
    expect(readFileSync(join(launcher.record, "parent"), "utf8")).toContain("timeout");
  });

  test("detached, that is killed as it takes too long, is said in the log as the engine reads it", () => {
    const log = join(launcher.directory, "exec.log");
    expect(
      call({ words: ["--log", log, ...words("-d", "whole", "ls")], env: { DO: "kill -KILL $$" } }).status,
    ).toBe(137);
    expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
      level: "error",
      msg: "killed the command's start (limit: 60 s): the machine may have frozen or limited its own init",
    });
  });
});

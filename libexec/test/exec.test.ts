import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateFile } from "#oci/machine-state.ts";
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
    ...["--pidfd-socket", "--console-socket", "--preserve-fds", "--cwd", "--cgroup", "--apparmor"].map(
      (name) => [[name, "/v", "--process", "/p/x"]],
    ),
    ...["-e", "--env", "-c", "--cap", "-u", "--user", "-g", "--additional-gids", "--process-label"].map(
      (name) => [["--process", "/p/x", name, "v"]],
    ),
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

  describe("in a machine whose systemd makes itself a cgroup", () => {
    const cgroups = () => join(launcher.run, "cgroups");
    /** Its own cgroup is there, that of its systemd if it `hasScope`. */
    const machine = (id: string, hasScope: boolean) => {
      rmSync(cgroups(), { recursive: true, force: true });
      mkdirSync(join(cgroups(), hasScope ? "box/init.scope" : "box"), { recursive: true });
      writeFileSync(join(stateOf("/r/exec", id), stateFile.scope), "/run/cgroups/box/init.scope\n");
    };
    const inScope = (...rest: string[]) => ["--root", "/r/exec", "exec", "--cgroup=init.scope", ...rest];

    test.each([[["whole", "exec", "x"]], [["-d", "--process", "/p/x", "whole"]]])(
      "%p starts there",
      (rest) => {
        machine("whole", true);
        expect(call({ words: words(...rest) })).toMatchObject({ status: 0, real: inScope(...rest) });
      },
    );

    test.each(["--cgroup=/a b", "-cgroup=/a"])("unless %s says where", (option) => {
      machine("whole", true);
      expect(call({ words: words(option, "whole", "ls") }).real).toEqual(words(option, "whole", "ls"));
    });

    test("once it is there, early in a boot", () => {
      machine("booting", false);
      const later = "(sleep 0.4; mkdir /run/cgroups/box/init.scope) >/dev/null 2>&1 & :";
      expect(call({ words: words("booting", "ls"), before: later }).real).toEqual(inScope("booting", "ls"));
    });

    test("or after 10 s without it, which it waits only once in a machine's life", () => {
      machine("frozen", false);
      const bin = join(launcher.directory, "bin");
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, "sleep"), '#!/bin/sh\necho "$1" >>"$REC/sleeps"\n', { mode: 0o755 });
      const env = { PATH: `${bin}:${process.env.PATH}` };
      const exec = () => call({ words: words("frozen", "ls"), env }).real;
      expect(exec()).toEqual(words("frozen", "ls"));
      const sleeps = () => readFileSync(join(launcher.record, "sleeps"), "utf8");
      expect(sleeps()).toBe("0.05\n".repeat(200));
      expect(exec()).toEqual(words("frozen", "ls"));
      expect(sleeps()).toBe("0.05\n".repeat(200));
      mkdirSync(join(cgroups(), "box/init.scope"));
      expect(exec()).toEqual(inScope("frozen", "ls"));
    });

    test("or at once, when the machine has no cgroup any more", () => {
      machine("ended", false);
      rmSync(cgroups(), { recursive: true });
      const begun = performance.now();
      expect(call({ words: words("ended", "ls") }).real).toEqual(words("ended", "ls"));
      expect(performance.now() - begun).toBeLessThan(5_000);
    });
  });
});

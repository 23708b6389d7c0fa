import { describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type InitSystem, inits } from "#contract/init.ts";
import { hostDirectory, hostFile, settleCommand, stageDirectory, stateFile } from "#oci/machine-state.ts";
import { asRoot, startOf, useLauncher } from "./use-launcher.ts";

const shells = [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]];

const dinit: InitSystem = {
  stopSignal: 15,
  rebootsToStop: true,
  source: "dinit(8): SIGTERM shuts the system down",
  endings: ["/dinit"],
  isProgram: (program) => program === "/sbin/dinit",
};
const longer = { ...inits, dinit };
/** What starts each init of the table. */
const commands = Object.entries<InitSystem>(longer).flatMap(([kind, { endings }]) =>
  ["/init", ...endings].map(
    (ending) => [kind, ending.startsWith("/") ? `/sbin${ending}` : `/sbin/${ending}`] as const,
  ),
);

const launcher = useLauncher(longer);
const { bundleOf, call, stateOf } = launcher;

for (const shell of shells) {
  const [program = ""] = shell;
  describe.skipIf(Bun.which(program) === null)(`${shell.join(" ")} (needs ${program})`, () => {
    const words = ["--root", "/run/roots/shell", "delete", "box"];

    test.each(commands)("%s: berth is shown a container of %s", (_, path) => {
      const create = ["create", "-b", bundleOf([path]), "box"];
      const { status, stderr, berth, real } = call({ words: create, shell });
      expect({ status, stderr, verb: berth?.slice(0, 2), real }).toEqual({
        status: 0,
        stderr: "",
        verb: ["runtime", "create"],
        real: create,
      });
    });

    test.each([["/bin/sleep"], ["/sbin/docker-init"], ["/usr/bin/tini"]])("%s is none", (path) => {
      const create = ["create", "-b", bundleOf([path]), "box"];
      expect(call({ words: create, shell })).toEqual({
        status: 0,
        stdout: "",
        stderr: "",
        berth: undefined,
        real: create,
      });
    });

    test("the engine's SIGTERM becomes the machine's own signal", () => {
      stateOf("/run/roots/shell", "box", "12\n");
      const kill = ["--root", "/run/roots/shell", "kill", "box", "15"];
      expect(call({ words: kill, shell })).toMatchObject({ status: 0, stderr: "" });
      expect(call({ words: kill, shell }).real?.at(-1)).toBe("12");
    });

    test("a command starts where the machine's systemd is", () => {
      const state = stateOf("/run/roots/shell", "box");
      mkdirSync(join(launcher.run, "unified/box/init.scope"), { recursive: true });
      writeFileSync(join(state, stateFile.scope), "/run/unified/box/init.scope\n");
      const exec = ["--root", "/run/roots/shell", "exec"];
      expect(call({ words: [...exec, "box", "ls", "-l"], shell })).toMatchObject({
        status: 0,
        stderr: "",
        real: [...exec, "--cgroup=init.scope", "box", "ls", "-l"],
      });
    });

    test("delete removes every file that a state may have", () => {
      const state = stateOf("/run/roots/shell", "box");
      for (const name of Object.values(stateFile)) writeFileSync(join(state, name), "x");
      for (const name of Object.values(hostFile)) writeFileSync(join(state, hostDirectory, name), "x");
      mkdirSync(join(state, stageDirectory, "root"), { recursive: true });
      expect(call({ words, shell })).toMatchObject({ status: 0, stderr: "", real: words });
      expect(existsSync(state)).toBe(false);
    });

    test.each(Object.values(stateFile))("delete removes %s alone as well", (name) => {
      const state = stateOf("/run/roots/shell", "box");
      writeFileSync(join(state, name), "x");
      expect(call({ words, shell })).toMatchObject({ status: 0, stderr: "" });
      expect(existsSync(state)).toBe(false);
    });

    test.skipIf(!asRoot)("the settle hook finds each of its words (needs root)", () => {
      const state = join(launcher.run, "settled/box");
      const sleeper = spawn("sleep", ["600"], { stdio: "ignore" });
      try {
        settle(shell, sleeper);
        expect(readFileSync(join(state, stateFile.pid), "utf8")).toBe(
          `${sleeper.pid}\n${startOf(sleeper)}\n`,
        );
        expect(readFileSync(join(state, stateFile.cgroups), "utf8").trim().split("\n")).toEqual([
          "/run/v1/pids/box",
          "/run/named/box",
          "/run/unified/box",
        ]);
        const bounds = ["descendants", "depth"].map((name) =>
          readFileSync(join(launcher.run, `unified/box/cgroup.max.${name}`), "utf8"),
        );
        expect(bounds).toEqual(["7\n", "8\n"]);
      } finally {
        sleeper.kill("SIGKILL");
      }
    });
  });
}

/**
 * Calls the hook in the launcher's mount namespace, for a process that is in three hierarchies: as crun does,
 * which has all signals blocked then.
 */
function settle(shell: readonly string[], sleeper: ChildProcess): void {
  const command = settleCommand(join(launcher.directory, "berth-runtime"), {
    stage: "/run/settled/box/stage",
    base: "1000",
    named: "/run/named",
    unified: "/run/unified",
    domain: "",
    controllers_at: "/run/v1",
    descendants: "7",
    depth: "8",
    access: "ro",
  });
  const script = `
    rm -rf /run/settled /run/named /run/unified /run/v1
    mkdir -p /run/settled/box/stage; mount -t tmpfs x /run/settled/box/stage
    mkdir /run/settled/box/stage/root; mount -t tmpfs x /run/settled/box/stage/root
    for cgroup in /run/named/box /run/unified/box /run/v1/pids/box; do
      mkdir -p $cgroup
      for file in procs threads subtree_control; do : >$cgroup/cgroup.$file; done; : >$cgroup/tasks
    done
    printf '2:pids:/box\\n1:name=systemd:/box\\n0::/box\\n' >/run/cgroup
    mount --bind /run/cgroup "/proc/$1/cgroup"; shift
    # What ends at once is not waited for.
    mkdir -p /run/slow; printf '#!/bin/sh\nsleep 0.3\nexec /bin/umount "$@"\n' >/run/slow/umount; chmod +x /run/slow/umount
    PATH=/run/slow:$PATH exec "$@"`;
  const blocked = [
    "perl",
    "-MPOSIX",
    "-e",
    "sigprocmask(SIG_BLOCK, POSIX::SigSet->new(1 .. 31)); exec @ARGV",
    "--",
  ];
  const enter = ["nsenter", `--target=${launcher.holder}`, "--mount", "--"];
  const [program = "", ...rest] = [...enter, "sh", "-ec", script, "sh", String(sleeper.pid)];
  const { status, stderr } = spawnSync(program, [...rest, ...blocked, ...shell, ...command], {
    input: `{"id":"box","pid":${sleeper.pid}}`,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asRoot, startOf, useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();

describe.skipIf(!asRoot)("the hook of a machine in a user namespace (needs root)", () => {
  const base = 1_879_048_192;
  const id = "0a1b2c3d4e5f";
  const state = `/run/settled/${id}`;
  const stage = `${state}/stage`;
  let sleeper: ChildProcess | undefined;
  /** What the runtime writes to the hook's standard input. */
  const stdin = (rest: object = {}) =>
    JSON.stringify({ ociVersion: "1.0.2", id, status: "creating", pid: sleeper?.pid, bundle: "/b", ...rest });
  const inNamespace = (command: readonly string[], input = "") =>
    spawnSync("nsenter", [`--target=${launcher.holder}`, "--mount", "--", ...command], {
      input,
      encoding: "utf8",
    });
  const shell = (script: string) =>
    expect(inNamespace(["sh", "-ec", script])).toMatchObject({ status: 0, stderr: "" });
  const settle = (input = stdin(), named = "/run/named", unified = "/run/unified", controllers = "") =>
    inNamespace(
      [
        "dash",
        join(launcher.directory, "berth-runtime"),
        "settle",
        stage,
        String(base),
        named,
        unified,
        "",
        controllers,
        "2000",
        "14",
      ],
      input,
    );
  const isMounted = () => readFileSync(`/proc/${launcher.holder}/mountinfo`, "utf8").includes(` ${stage} `);
  /** What belongs to the machine's root now. */
  const given = () =>
    inNamespace([
      "find",
      "/run/named",
      "/run/unified",
      "/run/memory",
      "/run/freezer",
      "-uid",
      String(base),
      "-gid",
      String(base),
    ]).stdout;
  beforeAll(() => {
    sleeper = spawn("sleep", ["600"], { stdio: "ignore" });
  });
  afterAll(() => {
    sleeper?.kill("SIGKILL");
  });
  /** The stage, and places like three hierarchies in which the process is in these cgroups. */
  const prepare = (named = `/docker/${id}`, unified = `/engine/${id}`) => {
    const files =
      "cgroup.procs cgroup.threads cgroup.subtree_control tasks memory.max cgroup.max.depth cgroup.max.descendants";
    const cgroups = [
      `/run/named${named}`,
      `/run/unified${unified}`,
      `/run/memory/docker/${id}`,
      `/run/freezer/docker/${id}`,
    ];
    shell(`
      mkdir -p ${stage}; mount -t tmpfs x ${stage}
      for cgroup in ${cgroups.join(" ")}; do mkdir -p $cgroup; for file in ${files}; do : >$cgroup/$file; done; done
      printf '5:freezer:/docker/${id}\\n4:memory:/docker/${id}\\n1:name=systemd:${named}\\n0::${unified}\\n' >/run/cgroup
      mount --bind /run/cgroup /proc/${sleeper?.pid}/cgroup`);
  };
  afterEach(() => {
    shell(
      `umount /proc/${sleeper?.pid}/cgroup; umount -l ${stage} 2>/dev/null || :; rm -r /run/settled /run/named /run/unified /run/memory /run/freezer`,
    );
  });

  test("gives its cgroups, and no limit, to the machine's root, notes its process down and takes the stage away", () => {
    prepare();
    expect(settle()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(join(launcher.run, `settled/${id}/pid`), "utf8")).toBe(
      `${sleeper?.pid}\n${startOf(sleeper)}\n`,
    );
    expect(isMounted()).toBe(false);
    const [named, unified] = [`/run/named/docker/${id}`, `/run/unified/engine/${id}`];
    expect(given().trim().split("\n").toSorted()).toEqual([
      ...[named, `${named}/cgroup.procs`, `${named}/tasks`],
      ...[
        unified,
        `${unified}/cgroup.procs`,
        `${unified}/cgroup.subtree_control`,
        `${unified}/cgroup.threads`,
      ],
    ]);
  });

  test("bounds the cgroups that its root may make, and notes down where that may freeze", () => {
    prepare();
    expect(settle(stdin(), "/run/named", "/run/unified", "/run")).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(launcher.run, `unified/engine/${id}/cgroup.max.descendants`), "utf8")).toBe(
      "2000\n",
    );
    expect(readFileSync(join(launcher.run, `unified/engine/${id}/cgroup.max.depth`), "utf8")).toBe("14\n");
    expect(readFileSync(join(launcher.run, `settled/${id}/freezer`), "utf8")).toBe(
      `/run/freezer/docker/${id}\n`,
    );
    expect(readFileSync(join(launcher.run, `settled/${id}/limits`), "utf8")).toBe(
      `/run/unified/engine/${id}\n`,
    );
    expect(given()).toContain(`/run/freezer/docker/${id}\n`);
    expect(given()).not.toContain("descendants");
  });

  test.each([
    ["spread out", () => stdin().replace('"pid":', '"pid": ')],
    ["with annotations that look alike", () => stdin({ annotations: { pid: "1", note: '"pid":1' } })],
  ])("whatever the state looks like: %s", (_, write) => {
    prepare();
    expect(settle(write())).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(launcher.run, `settled/${id}/pid`), "utf8")).toBe(
      `${sleeper?.pid}\n${startOf(sleeper)}\n`,
    );
  });

  test.each([
    ["the root of all", "/"],
    ["the engine's", "/engine"],
    ["another machine's", "/engine/f00d"],
  ])("never gives a cgroup away that is not the machine's: %s", (_, unified) => {
    prepare("/docker", unified);
    expect(settle()).toMatchObject({ status: 0, stderr: "" });
    expect(given()).toBe("");
    expect(isMounted()).toBe(false);
  });

  test("a hierarchy that the host has not mounted is nobody's to give", () => {
    prepare();
    expect(settle(stdin(), "", "")).toMatchObject({ status: 0, stderr: "" });
    expect(given()).toBe("");
  });

  test("fails where the stage is not mounted", () => {
    prepare();
    shell(`umount ${stage}`);
    expect(settle()).toMatchObject({ status: 1, stderr: expect.stringMatching(/^umount: .*: not mounted/) });
  });

  test("fails where the cgroup is not there, so that the machine does not start", () => {
    prepare();
    shell(`rm -r /run/unified/engine`);
    expect(settle()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^chown: cannot access '\/run\/unified\/engine\/[0-9a-f]+': No such file/m,
      ),
    });
  });
});

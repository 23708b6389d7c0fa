import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useLauncher } from "./use-launcher.ts";

const launcher = useLauncher();
const { bundleOf, call } = launcher;

const globals: readonly (readonly [string[], string, string])[] = [
  [[], "/run/real", ""],
  [["--root", "/r/a"], "/r/a", ""],
  [["--root=/r/a"], "/r/a", ""],
  [["-root", "/r/a"], "/r/a", ""],
  [["-root=/r/a"], "/r/a", ""],
  [["--root", "/r/with space"], "/r/with space", ""],
  [["--root", "create"], "CWD/create", ""],
  [["--log", "/l/x.json", "--log-format", "json", "--root", "/r/a", "--systemd-cgroup"], "/r/a", "/l/x.json"],
  [["--log", "file:/l/x.json"], "/run/real", "/l/x.json"],
  [["--log", "journald:box"], "/run/real", ""],
  [["--log=/l/x.json", "--log-format=json", "--debug", "--root=/r/a"], "/r/a", "/l/x.json"],
  [["-log", "kill", "-log-format", "delete", "-root", "/r/a"], "/r/a", "kill"],
  [
    ["--criu", "delete", "--rootless", "false", "--cgroup-manager", "systemd", "--log-level", "debug"],
    "/run/real",
    "",
  ],
];

describe("a container with an init", () => {
  test.each(globals)("%p: berth is told root %s and log %s", (words, root, log) => {
    const bundle = bundleOf(["/sbin/init"]);
    const all = [
      ...words,
      "create",
      "--bundle",
      bundle,
      "--pid-file",
      "/p/create",
      "--console-socket",
      "kill",
      "box",
    ];
    const { status, berth, real: called } = call({ words: all });
    expect(status).toBe(0);
    expect(called).toEqual(all);
    const given = root.replace("CWD", launcher.directory);
    const state = `/run/berth/runtime${given}/box`;
    expect(berth).toEqual([
      "runtime",
      "create",
      "--bundle",
      bundle,
      "--state",
      state,
      "--home",
      "/run/berth",
      "--real",
      join(launcher.directory, "real"),
      "--root",
      given,
      "--outer",
      "3",
      "--log",
      log,
      "--",
      "box",
    ]);
    expect(readFileSync(join(launcher.record, "berth.stdin"), "utf8")).toBe("/dev/null\n");
  });

  test("run says that no delete may follow", () => {
    const bundle = bundleOf(["/sbin/init"]);
    const [run, create] = ["run", "create"].map((verb) =>
      call({ words: [verb, "--bundle", bundle, "box"] }).berth?.join(" "),
    );
    expect([run?.includes("--alone yes"), create?.includes("--alone")]).toEqual([true, false]);
  });

  test.each(["create", "kill", "delete", "run", "0123", "a_b.c+d-e", "init"])("called %s", (id) => {
    const bundle = bundleOf(["/sbin/init"]);
    expect(call({ words: ["create", "--bundle", bundle, id] }).berth?.at(-1)).toBe(id);
    expect(call({ words: ["run", "-d", "--bundle", bundle, "--", id] }).berth?.at(-1)).toBe(id);
  });

  test.each([["--bundle"], ["-bundle"], ["-b"]])("bundle by %s", (flag) => {
    const bundle = bundleOf(["/sbin/init"], "a bundle");
    expect(call({ words: ["create", flag, bundle, "box"] }).berth?.[3]).toBe(bundle);
    expect(call({ words: ["create", "--no-pivot", `${flag}=${bundle}`, "box"] }).berth?.[3]).toBe(bundle);
    expect(call({ words: ["create", "box", flag, bundle] }).berth?.[3]).toBe(bundle);
  });

  test.each([
    ["--pidfd-socket", "/s"],
    ["-preserve-fds", "2"],
    ["--config", "other.json"],
    ["-f", "other.json"],
  ] as const)("%s has a value, which is not the id", (name, value) => {
    for (const verb of ["create", "run"]) {
      const words = [verb, name, value, "-b", bundleOf(["/sbin/init"]), "box"];
      expect(call({ words })).toMatchObject({ berth: expect.arrayContaining(["box"]), real: words });
    }
  });

  test("the bundle is the working directory unless told", () => {
    const { berth } = call({ words: ["create", "box"], cwd: bundleOf(["/sbin/init"]) });
    expect(berth?.slice(2, 4)).toEqual(["--bundle", "."]);
  });

  test.each([
    ["/sbin/init"],
    ["/lib/systemd/systemd", "--log-level=debug"],
    ["/bin/busybox", "init"],
    ["/sbin/docker-init", "--", "/sbin/init"],
    ["/sbin/openrc-init"],
    ["/sbin/runit"],
    ["/sbin/runit-init"],
    ["/etc/s6-linux-init/current/bin/init"],
    ["/bin/s6-linux-init"],
  ] as string[][])("%p is one, however the JSON is written", (...args: string[]) => {
    const bundle = bundleOf(args);
    expect(call({ words: ["create", "-b", bundle, "box"] }).berth).toBeDefined();
    rmSync(join(launcher.record, "berth.argv"));
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ process: { args } }, null, 4).replaceAll("/", "\\/"),
    );
    expect(call({ words: ["create", "-b", bundle, "box"] }).berth).toBeDefined();
  });

  test.each([1, 5, 130])(
    "when berth fails with %d, so does create, and the real runtime is not run",
    (status) => {
      const result = call({
        words: ["create", "-b", bundleOf(["/sbin/init"]), "box"],
        env: { BERTH_STATUS: String(status) },
      });
      expect(result.status).toBe(status);
      expect(result.real).toBeUndefined();
    },
  );
});

test("the launcher finds berth beside itself when run by its path", () => {
  const bundle = bundleOf(["/sbin/init"]);
  const { berth } = call({ words: ["create", "-b", bundle, "box"], shell: [] });
  expect(berth?.[0]).toBe("runtime");
});

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bundle,
  create,
  inRun,
  type Machine,
  systemdArgs,
  sysvinit,
  useBundles,
  writeBundle,
} from "#lab/bundles.ts";

useBundles();

describe("no machine: nothing is changed and nothing is written", () => {
  test.each<[string, Machine]>([
    ["a shell", { args: ["/bin/sh"], files: { "bin/sh": "" } }],
    ["s6-overlay", { args: ["/init"], files: { init: "#!/bin/sh", "etc/inittab": "" } }],
    ["a script that is named as an init", { files: { "sbin/init": "#!/bin/sh", "etc/inittab": "" } }],
    ["a missing /init", { args: ["/init"], files: {} }],
    ["a missing program", { args: ["/usr/bin/server"], files: {} }],
    ["oci-systemd-hook=disabled", { env: ["oci-systemd-hook=disabled"] }],
    ["oci-systemd-hook=DISABLED", { env: ["oci-systemd-hook=DISABLED"] }],
    ["BERTH_RUNTIME=Disabled", { env: ["BERTH_RUNTIME=on", "BERTH_RUNTIME=Disabled"] }],
    ["disabled, though its init is missing", { env: ["BERTH_RUNTIME=disabled"], files: {} }],
  ])("%s", async (_, machine) => {
    const before = writeBundle(machine);
    expect(await create({ id: "nothing" })).toEqual({ warnings: [] });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
    expect(existsSync(inRun("/run/berth/runtime/r/nothing"))).toBe(false);
  });

  test("but what an earlier start has left of it is gone", async () => {
    const state = inRun("/run/berth/runtime/r/left");
    mkdirSync(join(state, "host"), { recursive: true });
    for (const name of ["stop-signal", "capabilities", "ids", "network", "pid", "root"])
      writeFileSync(join(state, name), "1\n");
    writeBundle({ args: ["/bin/sh"], files: { "bin/sh": "" } });
    expect(await create({ id: "left" })).toEqual({ warnings: [] });
    expect(existsSync(state)).toBe(false);
  });

  test.each([
    [["oci-systemd-hook="]],
    [["oci-systemd-hook=enabled"]],
    [["BERTH_RUNTIME=disabled", "BERTH_RUNTIME="]],
  ])("not disabled by %p", async (env) => {
    const before = writeBundle({ files: sysvinit, env });
    await create();
    expect(readFileSync(join(bundle, "config.json"), "utf8")).not.toBe(before);
  });
});

describe("a machine that cannot boot: config.json stays as it was", () => {
  test.each(["/sbin/init", "/lib/systemd/systemd", "/usr/sbin/init"])(
    "%s is not in the image",
    async (program) => {
      const before = writeBundle({ args: [program], files: {} });
      const { code, message, hint } = await create();
      expect(code).toBe("no-init");
      expect(message).toContain(program);
      expect(hint).toContain("systemd-sysv");
      expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
    },
  );

  test("the program is a link out of the image", async () => {
    writeBundle({
      files: { "etc/passwd": "" },
      args: ["/init/init"],
      links: { init: "/proc/self/root/sbin" },
    });
    expect((await create()).code).toBe("no-init");
  });

  test("the host has no cgroups", async () => {
    const before = writeBundle({ args: systemdArgs });
    expect(await create({ id: "unfit" }, "mount -t tmpfs tmpfs /sys")).toMatchObject({ code: "host-unfit" });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
    expect(existsSync(inRun("/run/berth/runtime/r/unfit"))).toBe(false);
  });
});

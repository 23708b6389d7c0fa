import { describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  bundle,
  create,
  directory,
  id,
  inRun,
  type Machine,
  machineId,
  patched,
  sourceOf,
  stateFiles,
  systemdArgs,
  sysvinit,
  useBundles,
  writeBundle,
} from "#lab/bundles.ts";
import { environmentOf, type OciConfig } from "#oci/config.ts";

useBundles();

describe("a machine", () => {
  test("systemd: config.json is rewritten and its state is written", async () => {
    writeBundle({ args: systemdArgs });
    expect((await create()).warnings?.filter((text) => !text.includes("nsdelegate"))).toEqual([]);
    expect(environmentOf(patched(), "container_uuid")?.replaceAll("-", "")).toBe(machineId);
    const state = `/run/berth/runtime/r/${id}`;
    expect(sourceOf("/etc/machine-id")).toBe(`${state}/machine-id`);
    expect(sourceOf("/run/host")).toBe(`${state}/host`);
    expect(readFileSync(inRun(`${state}/machine-id`), "utf8")).toBe(`${machineId}\n`);
    expect(lstatSync(inRun(`${state}/machine-id`)).mode & 0o777).toBe(0o444);
    expect(readFileSync(inRun(`${state}/stop-signal`), "utf8")).toMatch(/^37\n\d+\n$/);
    expect(readFileSync(inRun(`${state}/host/container-manager`), "utf8")).toBe("docker\n");
    expect(readFileSync(inRun(`${state}/host/container-uuid`), "utf8").trim()).toBe(
      environmentOf(patched(), "container_uuid") ?? "",
    );
    expect(readFileSync(inRun(`${state}/host/os-release`), "utf8")).toBe(
      readFileSync("/etc/os-release", "utf8"),
    );
    const units = inRun(sourceOf("/run/systemd/system.attached"));
    expect(readlinkSync(join(units, "systemd-udevd.service"))).toBe("/dev/null");
    expect(lstatSync(units).mode & 0o777).toBe(0o755);
    expect(
      readlinkSync(join(inRun(sourceOf("/run/systemd/system-generators")), "systemd-gpt-auto-generator")),
    ).toBe("/dev/null");
  });

  test("another init: no masks and no machine-id where the image has none; its own stop signal", async () => {
    writeBundle({ files: sysvinit });
    expect(await create()).toEqual({ warnings: [] });
    expect(sourceOf("/etc/machine-id") + sourceOf("/run/systemd/system.attached")).toBe("");
    expect(readFileSync(inRun(`/run/berth/runtime/r/${id}/stop-signal`), "utf8")).toMatch(/^2\n\d+\n$/);
  });

  test("the engine's own init is left out, a program of the image in its place is not", async () => {
    const first = "/sbin/docker-init";
    const text = writeBundle({ args: [first, "--", "/sbin/init"], files: sysvinit });
    expect(await create()).toEqual({ warnings: [] });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
    const { mounts = [], ...config } = patched();
    const bind = { destination: first, type: "bind", source: process.execPath, options: ["bind", "ro"] };
    writeFileSync(join(bundle, "config.json"), JSON.stringify({ ...config, mounts: [...mounts, bind] }));
    expect(await create()).toEqual({ warnings: [] });
    expect([patched().process.args, sourceOf(first)]).toEqual([["/sbin/init"], ""]);
  });

  test("made again with the same id", async () => {
    for (const _ of [1, 2]) {
      writeBundle({ args: systemdArgs });
      expect((await create()).code).toBeUndefined();
    }
    expect(stateFiles()).toEqual([
      "host",
      "host/container-manager",
      "host/container-uuid",
      "host/os-release",
      "machine-id",
      "stop-signal",
    ]);
  });

  test("a bundle that is started once more, under another name, is as its maker wrote it", async () => {
    const text = writeBundle({ args: systemdArgs });
    await create();
    expect((await create({ id: "other" })).code).toBeUndefined();
    expect(sourceOf("/run/host")).toBe("/run/berth/runtime/r/other/host");
    expect(patched().mounts?.filter(({ destination }) => destination === "/run/host")).toHaveLength(1);
    // Also where it is no machine this time.
    const kept = readFileSync(join(bundle, "config.json.berth"), "utf8");
    expect(kept.slice(kept.indexOf("\n") + 1)).toBe(text);
    rmSync(join(bundle, "rootfs"), { recursive: true });
    mkdirSync(join(bundle, "rootfs/sbin"), { recursive: true });
    writeFileSync(join(bundle, "rootfs/sbin/init"), "#!/bin/sh");
    await create({ id: "third" });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
  });

  test("what was changed in a bundle since its start stays", async () => {
    writeBundle({ files: sysvinit });
    await create();
    const changed = { ...patched(), hostname: "changed" };
    writeFileSync(join(bundle, "config.json"), JSON.stringify(changed));
    expect((await create()).code).toBeUndefined();
    expect(patched().hostname).toBe("changed");
  });

  test("that may end without a delete has a hook for that, after those that it has", async () => {
    const text = writeBundle({ files: sysvinit });
    await create();
    expect(patched().hooks?.poststop).toBeUndefined();
    const poststop = [{ path: "/bin/true" }];
    writeFileSync(join(bundle, "config.json"), JSON.stringify({ ...JSON.parse(text), hooks: { poststop } }));
    await create({ alone: true });
    const launcher = join(directory, "berth-runtime");
    expect(patched().hooks?.poststop).toEqual([
      ...poststop,
      { path: launcher, args: [launcher, "clear", `/run/berth/runtime/r/${id}`] },
    ]);
  });

  test.each([
    [
      "the user's own uuid",
      id,
      ["container_uuid=AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"],
      "aaaaaaaabbbbccccddddeeeeeeeeeeee",
    ],
    ["a uuid that is none", id, ["container_uuid=mine"], machineId],
    ["an id that is a name", "web", [], "4b5e57f6eb2f42b9039b3d1e13929295"],
  ])("machine-id from %s", async (_, name, env, expected) => {
    writeBundle({ files: sysvinit, env });
    expect((await create({ id: name })).code).toBeUndefined();
    expect(environmentOf(patched(), "container_uuid")?.replaceAll("-", "")).toBe(expected);
  });

  describe("whose image was removed by force", () => {
    const image = `sha256:${"f".repeat(64)}`;
    /** As Docker has it: the root in a storage driver's directory, and the container's own files. */
    const writeGone = (machine: Machine) => {
      const config = JSON.parse(writeBundle({ files: sysvinit, ...machine })) as OciConfig;
      const data = join(bundle, "data");
      mkdirSync(join(data, "overlay2/x"), { recursive: true });
      renameSync(join(bundle, "rootfs"), join(data, "overlay2/x/merged"));
      writeFileSync(
        join(bundle, "config.json"),
        JSON.stringify({ ...config, root: { path: join(data, "overlay2/x/merged") } }),
      );
      mkdirSync(join(data, "containers", id), { recursive: true });
      writeFileSync(
        join(data, "containers", id, "config.v2.json"),
        JSON.stringify({ Image: image, Driver: "overlay2" }),
      );
      writeFileSync(join(data, "containers", id, "hostconfig.json"), "{}");
      return readFileSync(join(bundle, "config.json"), "utf8");
    };

    test.each([[[]], [["BERTH_RUNTIME=disabled"]], [["BERTH_IMAGE=sha256:0"]]])(
      "does not start on anybody's word: %p",
      async (env) => {
        const text = writeGone({ env });
        expect(await create()).toMatchObject({
          code: "not-found",
          message: expect.stringContaining("BERTH_PROFILE=strict"),
        });
        expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
        expect(existsSync(inRun(`/run/berth/runtime/r/${id}`))).toBe(false);
      },
    );

    test("starts with the image's id beside its request", async () => {
      writeGone({ env: [`BERTH_IMAGE=${image}`] });
      expect(await create()).toEqual({ warnings: [] });
    });

    test("is let alone where it runs no init", async () => {
      const text = writeGone({ args: ["/bin/sleep"] });
      expect(await create()).toEqual({ warnings: [] });
      expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
    });
  });

  test("every warning is returned", async () => {
    writeBundle({ files: sysvinit, terminal: false });
    expect((await create()).warnings).toEqual([expect.stringContaining("docker run -t")]);
  });
});

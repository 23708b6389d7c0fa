import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  bundle,
  create,
  id,
  inRun,
  machineId,
  patched,
  sourceOf,
  systemdArgs,
  useBundles,
  writeBundle,
} from "#lab/bundles.ts";
import { environmentOf } from "#oci/config.ts";

useBundles();

describe("a machine whose directories are the host's own", () => {
  /** Moves directories of the root out of it, and binds them. */
  const bindFolder = (...env: readonly string[]) => {
    writeBundle({ args: systemdArgs, env });
    const folder = join(bundle, "folder");
    mkdirSync(folder);
    for (const name of ["etc", "lib", "usr"]) renameSync(join(bundle, "rootfs", name), join(folder, name));
    const config = patched();
    const binds = ["etc", "lib", "usr"].map((name) => ({
      destination: `/${name}`,
      type: "bind",
      source: join(folder, name),
      options: ["rbind", "rprivate"],
    }));
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, mounts: [...binds, ...(config.mounts ?? [])] }),
    );
    return folder;
  };
  const uuid = () => environmentOf(patched(), "container_uuid")?.replaceAll("-", "");

  test("is found to be one, and nothing is mounted over files that it does not have", async () => {
    const folder = bindFolder();
    const { code, warnings } = await create();
    expect(code).toBeUndefined();
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining("resolv.conf")]));
    expect(sourceOf("/run/systemd/system.attached")).not.toBe("");
    for (const name of ["hosts", "hostname", "resolv.conf"]) expect(sourceOf(`/etc/${name}`)).toBe("");
    expect(readdirSync(join(folder, "etc")).toSorted()).toEqual(["inittab", "machine-id", "os-release"]);
    expect([uuid(), sourceOf("/etc/machine-id")]).toEqual([
      machineId,
      `/run/berth/runtime/r/${id}/machine-id`,
    ]);
  });

  test.each([
    ["kept when it is one", "fedcba9876543210fedcba9876543210\n", "fedcba9876543210fedcba9876543210"],
    ["its own when there is none", "", machineId],
    ["its own when systemd is to make one", "uninitialized\n", machineId],
    ["its own when that is nobody's", `${"0".repeat(32)}\n`, machineId],
    ["its own when that is none", "x\n", machineId],
  ])("the machine-id of its files is %s", async (_, found, expected) => {
    const folder = bindFolder("BERTH_MACHINE_ID=keep");
    writeFileSync(join(folder, "etc/machine-id"), found);
    expect((await create()).code).toBeUndefined();
    expect(uuid()).toBe(expected);
    expect(readFileSync(join(folder, "etc/machine-id"), "utf8")).toBe(found);
  });

  test("a host name that was asked for is the container's, and mounted over another one", async () => {
    const folder = bindFolder("BERTH_HOSTNAME=mail.example.com");
    writeFileSync(join(folder, "etc/hostname"), "vm\n");
    expect((await create()).code).toBeUndefined();
    expect(patched().hostname).toBe("mail.example.com");
    expect(sourceOf("/etc/hostname")).toBe(`/run/berth/runtime/r/${id}/hostname`);
    expect(readFileSync(inRun(sourceOf("/etc/hostname")), "utf8")).toBe("mail.example.com\n");
    expect(patched().process.env?.filter((entry) => entry.startsWith("BERTH_"))).toEqual([]);
  });

  test("where the name is the host's it stays", async () => {
    const folder = bindFolder("BERTH_HOSTNAME=mail");
    writeFileSync(join(folder, "etc/hostname"), "vm\n");
    const config = patched();
    const namespaces = config.linux?.namespaces?.filter(({ type }) => type !== "uts") ?? [];
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, linux: { ...config.linux, namespaces } }),
    );
    expect((await create()).code).toBeUndefined();
    expect(patched().hostname).toBe(config.hostname as string);
    expect(existsSync(inRun(`/run/berth/runtime/r/${id}/hostname`))).toBe(false);
    expect(sourceOf("/etc/hostname")).not.toContain("/run/berth");
  });

  test.each(["BERTH_HOSTNAME=a b", "BERTH_MACHINE_ID=mine"])("%s is refused", async (variable) => {
    bindFolder(variable);
    const before = readFileSync(join(bundle, "config.json"), "utf8");
    expect((await create()).code).toBe("usage");
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
  });
});

import { describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run as runCommand } from "#host/process/run.ts";
import {
  bundle,
  create,
  inRun,
  patched,
  sourceOf,
  systemd,
  systemdArgs,
  sysvinit,
  useBundles,
  writeBundle,
} from "#lab/bundles.ts";
import type { OciConfig } from "#oci/config.ts";

useBundles();

describe("what is in memory", () => {
  const limited = (bytes: number) => {
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as OciConfig;
    const resources = { ...config.linux?.resources, memory: { limit: bytes } };
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, linux: { ...config.linux, resources } }),
    );
  };
  const optionsOf = (destination: string) =>
    patched().mounts?.find((mount) => mount.destination === destination)?.options ?? [];

  test("is a share of the machine's memory limit, for logind too", async () => {
    writeBundle({ args: systemdArgs });
    limited(2 ** 27);
    await create();
    expect(optionsOf("/tmp")).toContain(`size=${Math.floor(2 ** 27 / 5 / 4096) * 4096}`);
    expect(optionsOf("/tmp")).toContain("tmpcopyup");
    const login = inRun(sourceOf("/run/systemd/logind.conf.d"));
    expect(readdirSync(login)).toEqual(["00-berth.conf"]);
    expect(readFileSync(join(login, "00-berth.conf"), "utf8")).toMatch(
      /^\[Login\]\nRuntimeDirectorySize=6709248\nRuntimeDirectoryInodesMax=819\n$/,
    );
    expect([lstatSync(login).mode & 0o777, lstatSync(join(login, "00-berth.conf")).mode & 0o777]).toEqual([
      0o755, 0o644,
    ]);
  });

  test("without a limit logind is left alone", async () => {
    writeBundle({ args: systemdArgs });
    await create();
    expect(sourceOf("/run/systemd/logind.conf.d")).toBe("");
  });

  test("what the image has there and cannot be copied is left out, and said", async () => {
    writeBundle({
      args: systemdArgs,
      files: { ...systemd, "tmp/big": "x".repeat(2 ** 20), "run/app/file": "" },
    });
    await runCommand("mkfifo", [join(bundle, "rootfs/run/app/fifo")]);
    limited(2 ** 22);
    expect((await create()).warnings?.filter((text) => text.startsWith("not copying"))).toEqual([
      "not copying the image's files in /run: /run/app/fifo has an unsupported type (only files, directories and links)",
      "not copying the image's files in /tmp: 1M exceed the 1M of /tmp",
    ]);
    expect([...optionsOf("/run"), ...optionsOf("/tmp")]).not.toContain("tmpcopyup");
  });

  test("where the user mounts something nothing of the image's is in question", async () => {
    writeBundle({ files: { ...sysvinit, "run/file": "" } });
    await runCommand("mkfifo", [join(bundle, "rootfs/run/fifo")]);
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as OciConfig;
    const mine = { destination: "/run", type: "bind", source: "/srv", options: ["rbind"] };
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, mounts: [...(config.mounts ?? []), mine] }),
    );
    expect(await create()).toEqual({ warnings: [] });
  });
});

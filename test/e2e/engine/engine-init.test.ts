import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { clean, parseList } from "#support/fleet.ts";
import { booted, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { one: { cgroupView: "v2", extraConfig: { init: true } } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("an engine that puts its own init first (needs root)", () => {
  afterEach(async () => {
    await removeAll(node("one"));
    await clean(node("one"));
  });

  test("docker run boots a machine, and stops it cleanly; another container keeps the engine's init", async () => {
    await runMachine(node("one"), "web", "bookworm");
    expect(await booted(node("one"), "web")).toBe("running");
    expect(await inside(node("one"), "web", "readlink /proc/1/exe; ls /sbin/docker-init 2>&1 || :")).toMatch(
      /\/systemd\nls: cannot access/,
    );
    await node("one").docker("stop", "--time=60", "web");
    expect((await stateOf(node("one"), "web")).status).toBe(0);
    const words = ["run", "--rm", "--runtime=berth", "bookworm", "readlink", "/proc/1/exe"];
    expect((await node("one").docker(...words)).stdout.trim()).toBe("/usr/sbin/docker-init");
  });

  test("berth up boots a machine, and ls shows the init of an image made elsewhere, running or not", async () => {
    expect((await node("one").berth("up web --image bookworm")).status).toBe(0);
    const inits = async () => {
      const env = { BERTH_CACHE: mkdtempSync(join(tmpdir(), "berth-inits-")) };
      try {
        return parseList<{ readonly init?: string }>(
          (await node("one").berth("ls --json", { env })).stdout,
        ).map(({ init }) => init);
      } finally {
        rmSync(env.BERTH_CACHE, { recursive: true });
      }
    };
    expect(await inits()).toEqual(["systemd 252"]);
    expect((await node("one").berth("stop web")).status).toBe(0);
    expect(await inits()).toEqual(["systemd 252"]);
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import type { BerthOptions } from "#support/berth.ts";
import { errorCode, parseList } from "#support/fleet.ts";
import { booted } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const base = "debian:trixie-slim";
const node = useNodes({
  nodes: { one: { cgroupView: "v2", uplink: true } },
  images: { [base]: () => labImage("trixie") },
});

describe.skipIf(!canHaveEngines)("a host without mmdebstrap (needs root and a package archive)", () => {
  let directory: string;
  let cache: string;
  let options: BerthOptions;
  const containers = async () =>
    (await node("one").docker("ps", "--all", "--format", "{{.Names}}")).stdout.trim();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-builder-"));
    const path = join(directory, "bin");
    await mkdir(path);
    await symlink(Bun.which("rm") ?? "rm", join(path, "rm"));
    cache = join(directory, "cache");
    options = { env: { PATH: path, BERTH_CACHE: cache } };
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("is told what would build, and that the engine cannot get it", async () => {
    const berth = (args: string, env = {}) => node("one").berth(args, { env: { ...options.env, ...env } });
    const dry = await berth("up web --image debian-12 --dry-run");
    expect(dry.stdout).toStartWith(
      `build debian-12 in a container of ${base} (mmdebstrap is not installed here)\n`,
    );
    expect((await berth("doctor")).stdout).toContain(
      `in a container of ${base}, which gets mmdebstrap first`,
    );
    const nowhere = await berth("up web --image debian-12 --json", {
      BERTH_BUILDER_IMAGE: "127.0.0.1:1/none:1",
    });
    expect([nowhere.status, errorCode(nowhere.stdout)]).toEqual([1, "tool-missing"]);
    expect(await containers()).toBe("");
  });

  test("an interrupted build leaves no container; packages have no right on the host", async () => {
    const building = node("one").startBerth(["up", "web", "--image", "debian-12"], options);
    await waitFor("packages come", async () => building.stderr().includes("downloading"), 480_000);
    const name = await containers();
    expect(name).toMatch(/^berth-builder-[0-9a-f]{16}$/);
    const processes = (await node("one").docker("top", name, "-eo", "pid,uid,args")).stdout.split("\n");
    const [builder = ""] = processes.filter((line) => /perl .*mmdebstrap /.test(line));
    expect(builder.trim().split(/\s+/)[1]).toBe("100000");
    building.kill("SIGINT");
    expect((await building.ended).status).toBe(130);
    expect(await containers()).toBe("");
  }, 600_000);

  test("what a killed build leaves is seen and removed", async () => {
    const building = node("one").startBerth(["up", "web", "--image", "debian-12"], options);
    const isBuilding = async () => (await containers()).startsWith("berth-builder-");
    await waitFor("a container of its own", isBuilding, 480_000);
    const doctor = async (...words: readonly string[]) =>
      (await node("one").berth(["doctor", ...words], options)).stdout;
    expect(await doctor()).not.toContain("of ended builds");
    building.kill("SIGKILL");
    await building.ended;
    expect(await doctor()).toContain("1 container of ended builds");
    expect(await doctor("--fix")).not.toContain("of ended builds");
    expect(await containers()).toBe("");
  }, 600_000);

  test("builds in a container of the engine; what builds is kept, listed and removed", async () => {
    const up = await node("one").berth("up web --image debian-12 --json", options);
    expect([up.status, up.stderr]).toEqual([0, expect.not.stringContaining("installing mmdebstrap")]);
    expect(await booted(node("one"), "web")).toBe("running");
    expect(await containers()).toBe("web");
    const listed = async () =>
      parseList<{ readonly name: string; readonly base?: string }>(
        (await node("one").berth("images --json", options)).stdout,
      ).filter(({ name }) => name === "berth-builder");
    expect(await listed()).toEqual([expect.objectContaining({ base })]);
    const { configFile, pid } = node("one");
    await node("one").berth("rm --force web", options);
    const flags = ["--yes", "--engine-config", configFile, "--engine-pid", String(pid)];
    const removed = await node("one").berth(["uninstall", "all", ...flags], { env: { BERTH_CACHE: cache } });
    expect(removed.status).toBe(0);
    expect(await listed()).toEqual([]);
    expect((await node("one").docker("images", "--quiet", base)).stdout).not.toBe("");
  }, 600_000);
});

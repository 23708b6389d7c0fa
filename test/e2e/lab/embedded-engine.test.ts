import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { startEmbeddedEngine } from "#host/embedded-engine/start.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import { stopEmbeddedEngine } from "#host/embedded-engine/stop.ts";
import { run } from "#host/process/run.ts";
import { canMakeLab } from "#lab/lab.ts";
import { inMounts } from "#lab/mount-namespace.ts";
import { cgroupsOf, isThere, mountsNaming, ownNamespaces, processesOf, ticksNow } from "#lab/traces.ts";
import { waitFor } from "#lab/wait-for.ts";

const isPossible = await canMakeLab();
if (!isPossible) console.warn("skipped: an embedded engine needs root and namespaces of its own");

describe.skipIf(!isPossible)("an embedded engine (needs root)", () => {
  let directory: string;
  const place = () => ({
    name: "selftest",
    stateDirectory: join(directory, "state"),
    dataDirectory: join(directory, "data"),
  });
  beforeAll(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), "berth-engine-test-")));
  });
  afterAll(async () => {
    await stopEmbeddedEngine({ ...place(), grace: 0, removeData: true });
    await removeTree(directory);
  });

  test("two starts at once give one engine, which outlives its starter and keeps an edited daemon.json", async () => {
    const program = `
      const { startEmbeddedEngine } = await import(process.argv[1]);
      const place = JSON.parse(process.argv[2]);
      const both = await Promise.all([startEmbeddedEngine(place), startEmbeddedEngine(place)]);
      console.log(JSON.stringify(both.map(({ pid }) => pid)));`;
    const start = join(import.meta.dir, "../../../src/host/embedded-engine/start.ts");
    const { stdout } = await run(process.execPath, [
      "-e",
      program,
      start,
      JSON.stringify({ ...place(), extraConfig: { labels: ["a=b"] } }),
    ]);
    const [first, second] = JSON.parse(stdout) as readonly number[];
    expect(first).toBe(second as number);
    const status = await privateEngineStatus(place());
    expect(status).toMatchObject({
      state: "running",
      pid: first,
      settings: { cgroupView: "host", uplink: false },
    });
    expect(status.version).toMatch(/^\d+\./);
    expect(JSON.parse(await readFile(status.configFile, "utf8"))).toEqual({ labels: ["a=b"] });

    // Registered by an edit and SIGHUP, as `berth install runtime` does.
    await writeFile(
      status.configFile,
      JSON.stringify({ labels: ["a=b"], runtimes: { other: { path: "/usr/sbin/runc" } } }),
    );
    process.kill(status.pid ?? 0, "SIGHUP");
    await waitFor("the engine knows the runtime", async () =>
      (await docker(status.socket, "info", "--format", "{{json .Runtimes}}")).includes('"other"'),
    );
    expect(await startEmbeddedEngine(place())).toMatchObject({ pid: first });
  }, 30_000);

  test("another view is refused while it runs", async () => {
    await expect(startEmbeddedEngine({ ...place(), cgroupView: "v2" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  test("SIGKILL of its init leaves files alone, and stop removes these", async () => {
    const { pid = 0 } = await privateEngineStatus(place());
    const namespaces = await ownNamespaces(pid);
    expect((await processesOf(namespaces, directory)).length).toBeGreaterThan(2);
    const before = await ticksNow();
    process.kill(pid, "SIGKILL");
    await waitFor(
      "its processes have ended",
      async () => (await processesOf(namespaces, directory, before)).length === 0,
    );
    expect(await mountsNaming(directory)).toEqual([]);
    expect((await privateEngineStatus(place())).state).toBe("dead-remains");
    expect(await stopEmbeddedEngine(place())).toBe(false);
    expect((await privateEngineStatus(place())).state).toBe("stopped");
    expect(await cgroupsOf("selftest")).toEqual([]);
    expect(await isThere(place().dataDirectory)).toBe(true);
  }, 30_000);

  test("a stop asks dockerd to end, then a start finds the data again", async () => {
    await startEmbeddedEngine({ ...place(), uplink: true });
    const namespaces = await ownNamespaces((await privateEngineStatus(place())).pid ?? 0);
    const before = await ticksNow();
    expect(await stopEmbeddedEngine(place())).toBe(true);
    expect(await processesOf(namespaces, directory, before)).toEqual([]);
    await startEmbeddedEngine({ ...place(), cgroupView: "v2" });
    expect(await stopEmbeddedEngine({ ...place(), removeData: true })).toBe(true);
    expect(await isThere(place().dataDirectory)).toBe(false);
  }, 30_000);

  test("what users have mounted below /run neither hinders a start nor goes on in it", async () => {
    // A name that ends in a line feed, one that is a link to the disk of its data, and a mount within a
    // mount.
    const before = `
      data=${directory}/disk line='
'
      mkdir -p "$data" /run/user/42 /run/lock
      mount -t tmpfs disk "$data"
      mount -t tmpfs tmpfs /run/user/42
      mkdir "/run/user/42/link$line" /run/user/42/deep
      ln -s "$data" /run/user/42/link
      mount -t tmpfs theirs "/run/user/42/link$line"
      mount -t tmpfs theirs /run/user/42/deep`;
    const module = (file: string) =>
      JSON.stringify(join(import.meta.dir, "../../../src/host/embedded-engine", file));
    const own = {
      name: "selftest-run",
      stateDirectory: "/run/berth/selftest-run",
      dataDirectory: join(directory, "disk/data"),
    };
    const { points, running } = await inMounts<{ points: string[]; running: string | undefined }>(
      `
      const { startEmbeddedEngine } = await import(${module("start.ts")});
      const { stopEmbeddedEngine } = await import(${module("stop.ts")});
      const { parseMountinfo } = await import(${JSON.stringify(import.meta.resolve("#linux/mountinfo.ts"))});
      const { readFile } = await import("node:fs/promises");
      const place = ${JSON.stringify(own)};
      try {
        const { pid } = await startEmbeddedEngine(place);
        const points = parseMountinfo(await readFile("/proc/" + pid + "/mountinfo", "utf8")).map(({ point }) => point);
        return { points, running: await readFile("/proc/" + pid + "/root" + place.stateDirectory + "/init", "utf8") };
      } finally {
        await stopEmbeddedEngine({ ...place, grace: 0, removeData: true });
      }`,
      before,
    );
    expect(running).toMatch(/^\d+ /);
    expect(points).toContain(join(directory, "disk"));
    expect(points.filter((point) => point.startsWith("/run/user"))).toEqual([]);
    await rm(join(directory, "disk"), { recursive: true });
  }, 30_000);

  test("a failed start tells dockerd's words and leaves nothing", async () => {
    const started = startEmbeddedEngine({ ...place(), extraConfig: { "no-such-setting": true } });
    await expect(started).rejects.toMatchObject({
      code: "engine-unreachable",
      message: expect.stringContaining("no-such-setting"),
    });
    expect((await privateEngineStatus(place())).state).toBe("stopped");
    expect(await isThere(place().dataDirectory)).toBe(false);
    expect(await processesOf([], directory)).toEqual([]);
  }, 30_000);

  test("a directory of somebody else is neither used nor removed", async () => {
    const dataDirectory = join(directory, "foreign");
    await mkdir(dataDirectory);
    await writeFile(join(dataDirectory, "letter"), "dear");
    await expect(startEmbeddedEngine({ ...place(), dataDirectory })).rejects.toMatchObject({
      code: "not-ours",
    });
    await expect(stopEmbeddedEngine({ ...place(), dataDirectory, removeData: true })).rejects.toMatchObject({
      code: "not-ours",
    });
    expect(await isThere(join(dataDirectory, "letter"))).toBe(true);
  });

  test("removal never passes through a mount", async () => {
    const [kept, removed] = [join(directory, "kept"), join(directory, "removed")];
    await mkdir(kept);
    await mkdir(join(removed, "a mount"), { recursive: true });
    await writeFile(join(kept, "layer"), "shared");
    await run("mount", ["--no-mtab", "--bind", kept, join(removed, "a mount")]);
    await removeTree(removed);
    expect(await isThere(removed)).toBe(false);
    expect(await readFile(join(kept, "layer"), "utf8")).toBe("shared");
    await rm(kept, { recursive: true });
  });
});

async function docker(socket: string, ...args: readonly string[]): Promise<string> {
  return (await run("/usr/bin/docker", ["--host", `unix://${socket}`, ...args])).stdout;
}

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, rmdir } from "node:fs/promises";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import type { RunResult } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { cgroupsOf, isThere, mountsNaming, ownNamespaces, processesOf, ticksNow } from "#lab/traces.ts";
import { ensureBuilt, runBerth } from "#support/berth.ts";
import { canHaveEngines } from "#support/nodes.ts";

// Its place is one of the host's own, so what is there already is somebody's.
const place = defaultEmbeddedEngine();
const hadDirectory = existsSync(place.stateDirectory);
const isFree =
  (await privateEngineStatus(place)).state === "stopped" &&
  !existsSync(place.dataDirectory) &&
  !existsSync("/var/run/docker.sock") &&
  !existsSync("/usr/local/lib/berth");
if (canHaveEngines && !isFree)
  console.warn("skipped: a Docker engine, berth's own or the host's, is in use here");

const berth = (args: string) => runBerth(undefined, args.split(" "));
/** Runs it, and throws for a status other than 0. */
async function succeed(args: string): Promise<RunResult> {
  const result = await berth(args);
  if (result.status !== 0)
    throw new Error(`berth ${args}: ${result.status}\n${result.stdout}${result.stderr}`);
  return result;
}
const namespacesNow = async () => ownNamespaces((await privateEngineStatus(place)).pid ?? 0);
const firewall = () => readFile("/proc/net/ip_tables_names", "utf8").catch(() => "");

describe.skipIf(!canHaveEngines || !isFree)(
  "berth's own engine (needs root and no other engine on this host)",
  () => {
    let image: string;
    beforeAll(async () => {
      if (!canHaveEngines || !isFree) return;
      await ensureBuilt();
      image = await labImage("bookworm");
    }, 600_000);
    afterEach(async () => {
      if ((await privateEngineStatus(place)).state === "running") await berth("uninstall runtime");
      await succeed("engine stop --remove-data");
    }, 60_000);
    // What engines of this name are locked by, so it outlives them; empty.
    afterAll(async () => {
      if (canHaveEngines && isFree && !hadDirectory) await rmdir(place.stateDirectory);
    });

    test("where there is none: status 3, and how to start it", async () => {
      expect((await berth("engine status")).status).toBe(3);
      expect(await berth("ls")).toMatchObject({
        status: 3,
        stderr: expect.stringContaining("berth engine start"),
      });
      expect((await berth("engine stop")).status).toBe(0);
    });

    test("is started once, and found without being named", async () => {
      const started = await succeed("engine start --json");
      expect(JSON.parse(started.stdout)).toMatchObject({ state: "running" });
      const { pid } = await privateEngineStatus(place);
      await succeed("engine start");
      expect((await privateEngineStatus(place)).pid).toBe(pid);
      expect((await succeed("install runtime")).stderr).toContain("knows the runtime");
      expect((await succeed(`up web --image ${image} --json`)).stdout).toContain('"running"');
    }, 120_000);

    test("stop ends all it runs; started again it has its machines", async () => {
      await succeed("engine start");
      const namespaces = await namespacesNow();
      await succeed("install runtime");
      await succeed(`up web --image ${image}`);
      const stopped = await ticksNow();
      await succeed("engine stop");
      expect(await processesOf(namespaces, place.stateDirectory, stopped)).toEqual([]);
      await succeed("engine start");
      await succeed("start web");
      expect((await berth("exec web systemctl is-system-running")).stdout).toBe("running\n");
    }, 120_000);

    test("stop --remove-data leaves no trace", async () => {
      const before = await firewall();
      await succeed("engine start");
      const namespaces = await namespacesNow();
      await succeed("install runtime");
      await succeed(`up web --image ${image}`);
      await succeed("engine stop");
      await succeed("engine start");
      const later = await namespacesNow();
      await succeed("start web");
      await succeed("down --yes --all");
      await succeed("uninstall runtime");
      const removed = await ticksNow();
      await succeed("engine stop --remove-data");
      expect(await processesOf([...namespaces, ...later], place.stateDirectory, removed)).toEqual([]);
      expect(await mountsNaming(place.stateDirectory)).toEqual([]);
      expect(await cgroupsOf(place.name)).toEqual([]);
      const directories = [place.dataDirectory, "/usr/local/lib/berth"];
      expect(await Promise.all(directories.map(isThere))).toEqual([false, false]);
      expect(await firewall()).toBe(before);
      expect((await berth("engine status")).status).toBe(3);
    }, 120_000);
  },
);

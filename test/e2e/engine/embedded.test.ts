import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, rmdir } from "node:fs/promises";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
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

describe.skipIf(!canHaveEngines || !isFree)(
  "berth's own engine (needs root and no other engine on this host)",
  () => {
    afterAll(async () => {
      if (!isFree) return;
      await berth("engine stop --remove-data");
      // What engines of this name are locked by, so it outlives them; empty.
      if (!hadDirectory) await rmdir(place.stateDirectory);
    }, 60_000);

    test("start, use without naming it, install the runtime, stop, start again with its machines, stop without a trace", async () => {
      await ensureBuilt();
      const image = await labImage("bookworm");
      const firewall = await readFile("/proc/net/ip_tables_names", "utf8").catch(() => "");
      expect((await berth("engine status")).status).toBe(3);
      const nothing = await berth("ls");
      expect([nothing.status, nothing.stderr]).toEqual([3, expect.stringContaining("berth engine start")]);

      const started = await berth("engine start --json");
      expect(started.status).toBe(0);
      expect(JSON.parse(started.stdout)).toMatchObject({ state: "running" });
      expect((await berth("engine start")).status).toBe(0);
      const { pid = 0 } = await privateEngineStatus(place);
      const namespaces = await ownNamespaces(pid);
      const install = await berth("install runtime");
      expect([install.status, install.stderr]).toEqual([0, expect.stringContaining("knows the runtime")]);
      const up = await berth(`up web --image ${image} --json`);
      expect([up.status, up.stdout]).toEqual([0, expect.stringContaining('"running"')]);
      const stopped = await ticksNow();
      expect((await berth("engine stop")).status).toBe(0);
      expect(await processesOf(namespaces, place.stateDirectory, stopped)).toEqual([]);

      expect((await berth("engine start")).status).toBe(0);
      expect((await berth("start web")).status).toBe(0);
      expect((await berth("exec web systemctl is-system-running")).stdout).toBe("running\n");
      expect((await berth("down --yes --all")).status).toBe(0);
      expect((await berth("uninstall runtime")).status).toBe(0);
      const later = await ownNamespaces((await privateEngineStatus(place)).pid ?? 0);
      const removed = await ticksNow();
      expect((await berth("engine stop --remove-data")).status).toBe(0);

      expect(await processesOf([...namespaces, ...later], place.stateDirectory, removed)).toEqual([]);
      expect(await mountsNaming(place.stateDirectory)).toEqual([]);
      expect(await cgroupsOf(place.name)).toEqual([]);
      expect([await isThere(place.dataDirectory), await isThere("/usr/local/lib/berth")]).toEqual([
        false,
        false,
      ]);
      expect(await readFile("/proc/net/ip_tables_names", "utf8").catch(() => "")).toBe(firewall);
      expect((await berth("engine status")).status).toBe(3);
      expect((await berth("engine stop")).status).toBe(0);
    }, 120_000);
  },
);

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import { engineUnit, unitCgroup } from "#host/embedded-engine/unit.ts";
import { run, tryRun } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { cgroupsOf, isThere } from "#lab/traces.ts";
import { waitFor } from "#lab/wait-for.ts";
import { findLocalInit } from "#ops/machine/local-init.ts";
import { dist, runBerth } from "#support/berth.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

// The host's own engine, which goes on meanwhile.
const node = useNodes({ nodes: { host: {} }, images: {} });
const place = defaultEmbeddedEngine();
const socket = `unix://${place.stateDirectory}/docker.sock`;
const unit = engineUnit(place.name);
const berth = (args: string) => runBerth(socket, args.split(" "));
const docker = async (...args: readonly string[]) =>
  (await run("/usr/bin/docker", ["--host", socket, ...args])).stdout.trim();
/** The host's number of a machine's first process, which has another one in the engine's PID namespace. */
const initOf = async (name: string) => {
  const [id = "", pid] = (await docker("inspect", "--format", "{{.Id}} {{.State.Pid}}", name)).split(" ");
  return findLocalInit(`${place.stateDirectory}/docker.sock`, Number(pid), id)?.pid;
};
const pidNow = async () => (await privateEngineStatus(place)).pid ?? 0;
/** No login's (proc_pid_loginuid(5)). */
const unset = String(2 ** 32 - 1);

describe.skipIf(!isVmHost)("the embedded engine beside the host's own (needs the VM's host)", () => {
  setDefaultTimeout(900_000);
  afterAll(() => berth("engine stop --remove-data"));

  test("is a unit of its own that a session's end leaves alone", async () => {
    // As an ssh session is: a scope, with an audit id that is its login's.
    const script = `echo 1000 >/proc/self/loginuid; exec ${dist}/berth engine start`;
    await run("systemd-run", ["--scope", "--quiet", "--unit=session-test", "sh", "-c", script]);
    await tryRun("systemctl", ["kill", "--signal=KILL", "session-test.scope"]);
    const pid = await pidNow();
    expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toContain(`0::${unitCgroup(place.name)}/engine`);
    expect(readFileSync(`/proc/${pid}/loginuid`, "utf8")).toBe(unset);
    expect((await berth("engine status")).stdout).toContain(unit);
  });

  test("gives machines their limits and no login's audit id, full and strict", async () => {
    expect((await berth("install runtime")).stderr).toContain("knows the runtime");
    await docker("import", "--change", 'CMD ["/sbin/init"]', await labImage("bookworm"), "bookworm");
    for (const profile of ["full", "strict"]) {
      const request = [`BERTH_PROFILE=${profile}`, "--memory=300m", "--runtime=berth", "--network=none"];
      await docker("run", "-dt", "--name", profile, "-e", ...request, "bookworm");
      const state = await waitFor(`${profile} boots`, async () => {
        const { stdout } = await tryRun("/usr/bin/docker", [
          ...["--host", socket, "exec", profile, "systemctl", "is-system-running", "--wait"],
        ]);
        return /^(running|degraded)$/.test(stdout.trim()) ? stdout.trim() : undefined;
      });
      expect(state).toBe("running");
      const pid = await initOf(profile);
      expect(readFileSync(`/proc/${pid}/loginuid`, "utf8")).toBe(unset);
      const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("::")[1] ?? "";
      expect(cgroup).toStartWith(`${unitCgroup(place.name)}/`);
      const machine = cgroup.replace(/\/init\.scope$/, "");
      expect(readFileSync(`/sys/fs/cgroup${machine}/memory.max`, "utf8")).toBe(`${300 * 2 ** 20}\n`);
    }
    expect((await node("host").docker("ps", "--all", "--quiet")).stdout).toBe("");
  });

  test("a stop of its unit, as at the host's shutdown, stops its machines cleanly", async () => {
    await run("systemctl", ["stop", unit]);
    expect((await privateEngineStatus(place)).state).toBe("dead-remains");
    expect((await berth("engine start")).status).toBe(0);
    const ended = await docker("inspect", "--format", "{{.State.ExitCode}}", "full", "strict");
    expect(ended.split("\n")).toEqual(["0", "0"]);
  });

  test("killed, it leaves what a start clears; stopped, nothing", async () => {
    process.kill(await pidNow(), "SIGKILL");
    await waitFor("its unit ends", async () => !existsSync(`/sys/fs/cgroup${unitCgroup(place.name)}`));
    expect((await berth("engine start")).status).toBe(0);
    expect((await berth("engine stop --remove-data")).status).toBe(0);
    expect((await tryRun("systemctl", ["is-active", unit])).stdout).not.toBe("active\n");
    expect(await cgroupsOf(place.name)).toEqual([]);
    expect(await isThere(place.dataDirectory)).toBe(false);
  });
});

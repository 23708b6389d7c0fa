import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { tryRun } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist, runBerth } from "#support/berth.ts";
import { clean, parseList } from "#support/fleet.ts";
import { booted, inside, removeContainers, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { startSecondEngine } from "#support/second-engine.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

/**
 * Mounts at its first word a file system of the host's whose server never answers, for as long as the command
 * that follows.
 */
const besideSilence = `exec 3<>/dev/fuse
mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 berth-silence "$1"
shift
exec "$@"`;

/** Names of a state's files that hosts have, too. */
const precious = ["os-release", "container-uuid", "container-manager", "machine-id", "hostname"];

describe.skipIf(!canHaveEngines)("what a machine has at the places that berth looks at (needs root)", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-silence-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each(views)("on %s a link to what never answers, or a FIFO, keeps no command", async (view) => {
    const engine = node(view);
    await runMachine(engine, "odd", "bookworm", "-e", "BERTH_PROFILE=full", "--label=berth.machine=odd");
    expect(await booted(engine, "odd")).toBe("running");
    // What does not end by itself is killed, with the status 137.
    const wait = ["timeout", "--signal=KILL", "60", join(dist, "berth"), "wait", "--timeout=30s", "odd"];
    const beside = [
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-ec",
      besideSilence,
      "sh",
      directory,
      ...wait,
    ];
    const env = { PATH: process.env.PATH, HOME: "/root", DOCKER_HOST: engine.socket };
    for (const place of [`ln -s ${directory}/x`, "mkfifo"]) {
      await inside(engine, "odd", `rm -f /run/systemd/private; ${place} /run/systemd/private`);
      const { status, stderr } = await tryRun("unshare", beside, { env, cwd: "/" });
      expect([status, stderr]).toEqual([0, expect.stringContaining("odd: running")]);
    }
    await removeContainers(engine, "odd");
  });

  // The real runtime reads it for every command that it starts in a machine.
  test("one that takes no command, by a FIFO in the place of its users, keeps nobody from looking at others", async () => {
    const engine = node("v2");
    for (const name of ["well", "mute"]) {
      await runMachine(engine, name, "bookworm", `--label=berth.machine=${name}`, "-v", `${directory}:/host`);
      expect(await booted(engine, name)).toBe("running");
    }
    // Commands that wait end when somebody writes, and with them what waits for these.
    const writer = "until [ -e /host/end ]; do sleep 0.1; done; while :; do : >/etc/passwd; sleep 0.1; done";
    await inside(engine, "mute", `rm /etc/passwd && mkfifo /etc/passwd; (${writer}) >/dev/null 2>&1 &`);
    const inspected = await runBerth(engine.socket, ["inspect", "--json", "well", "mute"]);
    expect([inspected.status, inspected.stderr]).toEqual([0, ""]);
    const found = parseList<{ readonly name: string; readonly initState?: string }>(inspected.stdout);
    expect(found.map(({ name, initState }) => [name, initState ?? "unknown"])).toEqual([
      ["well", "running"],
      ["mute", "unknown"],
    ]);
    const waited = await runBerth(engine.socket, ["wait", "--timeout=3s", "mute", "well"]);
    expect([waited.status, waited.stderr]).toEqual([
      5,
      expect.stringContaining("mute did not finish booting within 3 s"),
    ]);
    expect(waited.stderr).toContain("well: running");
    await writeFile(join(directory, "end"), "");
    await removeContainers(engine, "well", "mute");
  });

  test("a shell without an end keeps no machine from being stopped, and no lock", async () => {
    const engine = node("v2");
    for (const [name, command] of [
      ["stopped", "stop --timeout=2 stopped"],
      ["killed", "stop --timeout=0 killed"],
      ["anew", "restart --no-wait --time=2 anew"],
      ["gone", "down --yes --timeout=2 gone"],
    ] as const) {
      expect((await engine.berth(`up ${name} --image bookworm`)).status).toBe(0);
      await inside(
        engine,
        name,
        "rm /bin/sh; printf '#!/bin/dash\\nexec sleep 600\\n' >/bin/sh; chmod 755 /bin/sh",
      );
      await engine.docker("exec", "--detach", name, "sleep", "600");
      // What does not end by itself is killed, with the status 137.
      const env = { PATH: process.env.PATH, HOME: "/root", DOCKER_HOST: engine.socket };
      const berth = ["--signal=KILL", "60", join(dist, "berth"), ...command.split(" ")];
      const { status, stderr } = await tryRun("timeout", berth, { env, cwd: "/" });
      expect([command, status, status === 0 ? "" : stderr]).toEqual([command, 0, ""]);
    }
    const states = parseList<{ readonly name: string; readonly state: string }>(
      (await engine.berth("ls --json")).stdout,
    );
    expect(Object.fromEntries(states.map(({ name, state }) => [name, state]))).toEqual({
      stopped: "exited",
      killed: "exited",
      anew: "running",
    });
    await clean(engine);
  });

  test.each(views)(
    "on %s no process of a machine's is taken for dockerd, and nothing is removed for it",
    async (view) => {
      const victims = await mkdtemp("/var/tmp/berth-host-");
      const second = await startSecondEngine(node(view), "second", {
        config: { "live-restore": true },
        image: "bookworm",
        tarball: await labImage("bookworm"),
      });
      const { node: engine, kill, start } = second;
      const doctor = async (...flags: readonly string[]) => {
        const { stdout } = await runBerth(engine.socket, ["doctor", "--json", ...flags]);
        return parseList<{ readonly id: string; readonly status: string }>(stdout).map(
          ({ id, status }) => `${id}: ${status}`,
        );
      };
      try {
        const profiles = { impostor: ["-e", "BERTH_PROFILE=full"], mighty: ["--privileged"] };
        const before = await doctor();
        const path = engine.socket.slice("unix://".length);
        for (const [name, flags] of Object.entries(profiles)) {
          const victim = join(victims, name);
          await mkdir(victim);
          for (const file of precious) await writeFile(join(victim, file), "precious\n");
          await runMachine(engine, name, "bookworm", "--network=none", ...flags);
          expect(await booted(engine, name)).toBe("running");
          const state = "/run/berth/runtime/x/aaaa";
          await inside(
            engine,
            name,
            `mkdir -p ${state} ${dirname(path)}; touch -d '1 hour ago' ${state}/stop-signal; ln -s ${victim} ${state}/host; cp /usr/bin/perl /root/dockerd`,
          );
          const listen = `use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("${path}")) or die; listen(S, 9); sleep 600`;
          await engine.docker("exec", "--detach", name, "/root/dockerd", "-e", listen);
          await waitFor(`${name} listens`, async () =>
            (await engine.tryDocker("exec", name, "test", "-S", path)).status === 0 ? true : undefined,
          );
        }
        // The engine begins anew, after those that stand for it: its machines run on.
        await kill();
        await start();
        expect(await doctor("--fix")).toEqual(before);
        expect(await doctor()).toEqual(before);
        for (const name of Object.keys(profiles)) {
          expect((await readdir(join(victims, name))).toSorted()).toEqual(precious.toSorted());
          expect(await inside(engine, name, "ls /run/berth/runtime/x/aaaa")).toBe("host\nstop-signal");
        }
        await removeContainers(engine, ...Object.keys(profiles));
      } finally {
        await kill();
        await rm(victims, { recursive: true });
      }
    },
  );
});

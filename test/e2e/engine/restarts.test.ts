import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { cgroupsOf, idsOf, imageDigest, stageMounts, takenSlots } from "#support/isolated.ts";
import { booted, inside, removeAll, runMachine, signalsDuring, stateOf } from "#support/machine.ts";
import { broughtOut, mirrorsLeft, mountedFor, processesCalled, server } from "#support/mirrors.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { type SecondEngine, startSecondEngine } from "#support/second-engine.ts";

const node = useNodes({
  nodes: { hybrid: { images: [] }, v2: { cgroupView: "v2", images: [] } },
  images: {},
});

describe.skipIf(!canHaveEngines).each([
  ["hybrid", false],
  ["v2", true],
] as const)("dockerd killed on %s, live-restore %p (needs root)", (view, liveRestore) => {
  let second: SecondEngine;
  let digest: string;
  beforeAll(async () => {
    const config = { "live-restore": liveRestore };
    second = await startSecondEngine(node(view), "second", {
      config,
      image: "bookworm",
      tarball: await labImage("bookworm"),
    });
    digest = await imageDigest(second.node, "bookworm");
  }, 60_000);
  // Whatever was done: nothing is mounted, nothing is left, and the image is what it was.
  afterEach(async () => {
    const engine = second.node;
    await removeAll(engine);
    expect(await stageMounts(engine)).toBe("");
    await waitFor("the server ends", async () =>
      (await mirrorsLeft(engine)).length === 0 ? true : undefined,
    );
    expect(await cgroupsOf(engine)).toBe("");
    expect(await imageDigest(engine, "bookworm")).toBe(digest);
  }, 60_000);

  /** Two machines, one that the engine starts again by itself. */
  const names = ["always", "never"] as const;
  async function runBoth(engine: Node): Promise<void> {
    // With these ids no machine prefers the range of the other, which would go to whichever starts first.
    const uuid = (digit: number) => `--env=container_uuid=0000000${digit}${"0".repeat(24)}`;
    await Promise.all([
      runMachine(engine, "always", "bookworm", "--network=none", "--restart=always", uuid(1)),
      runMachine(engine, "never", "bookworm", "--network=none", uuid(2)),
    ]);
    for (const name of names) expect(await booted(engine, name)).toBe("running");
  }
  /** Kills dockerd and starts it anew; what it has ended is started again. */
  async function killDockerd(engine: Node): Promise<void> {
    await second.kill();
    await second.start();
    if (liveRestore) return;
    // An engine that keeps nothing alive ends what the one before has left.
    await waitFor("the engine has ended it", async () =>
      (await stateOf(engine, "never")).running ? undefined : true,
    );
    await engine.docker("start", "never");
  }

  test("machines go on or boot again, and are as usable as before", async () => {
    const engine = second.node;
    await runBoth(engine);
    const before = await Promise.all(names.map((name) => stateOf(engine, name)));
    const ids = await Promise.all(names.map((name) => idsOf(engine, name)));
    const machineId = await inside(
      engine,
      "never",
      "ls /root/letter 2>/dev/null; echo dear >/root/note; cat /etc/machine-id",
    );

    await killDockerd(engine);
    if (liveRestore) expect(await Promise.all(names.map((name) => stateOf(engine, name)))).toEqual(before);
    for (const name of names) expect(await booted(engine, name)).toBe("running");
    expect(await Promise.all(names.map((name) => idsOf(engine, name)))).toEqual(ids);
    expect(await inside(engine, "never", "cat /etc/machine-id; cat /root/note")).toBe(`${machineId}\ndear`);
    // With live-restore, an engine that was started anew looks first whether the machine's files are mounted.
    // It is not answered while the server of mirrors cannot, and then finds them.
    for (const name of names) {
      // It finds a command's user without that look.
      expect((await engine.docker("exec", "--user=daemon", name, "id", "-un")).stdout).toBe("daemon\n");
      await inside(engine, name, "echo late >/root/late; mv /root/late /root/letter");
      const [pid = 0] = await processesCalled(engine, server);
      await engine.run("kill", "-STOP", String(pid));
      const letter = broughtOut(engine, `${name}:/root/letter`);
      await setTimeout(1_000);
      await engine.run("kill", "-CONT", String(pid));
      expect(await letter).toBe("late\n");
      expect(await mountedFor(engine, name)).toEqual(["fuse.berth"]);
    }

    const directory = await mkdtemp(join(tmpdir(), "berth-restart-"));
    try {
      await writeFile(join(directory, "letter"), "later\n");
      for (const name of names) {
        await engine.docker("cp", join(directory, "letter"), `${name}:/root/letter`);
        expect(await inside(engine, name, "cat /root/letter")).toBe("later");
      }
    } finally {
      await rm(directory, { recursive: true });
    }
    expect(
      await signalsDuring(engine, "always", () => engine.docker("restart", "--time=60", "always")),
    ).toEqual(["15"]);
    expect(await booted(engine, "always")).toBe("running");
    expect(await signalsDuring(engine, "never", () => engine.docker("stop", "--time=60", "never"))).toEqual([
      "15",
    ]);
    expect((await stateOf(engine, "never")).status).toBe(0);
  });

  test("the slots of removed machines are given back by the next machine that takes one", async () => {
    const engine = second.node;
    await runBoth(engine);
    await killDockerd(engine);
    for (const name of names) expect(await booted(engine, name)).toBe("running");
    await removeAll(engine);
    await runMachine(engine, "last", "bookworm", "--network=none");
    expect(await booted(engine, "last")).toBe("running");
    expect(await takenSlots(engine)).toHaveLength(1);
    expect(await cgroupsOf(engine)).toContain("/init.scope");
  });
});

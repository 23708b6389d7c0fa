import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside } from "#support/machine.ts";
import { canHaveEngines, type Node } from "#support/nodes.ts";
import { type SecondEngine, startSecondEngine } from "#support/second-engine.ts";
import {
  besides,
  cleanedUp,
  createService,
  killContainers,
  removeService,
  runningTask,
  tasksOf,
  tracesOn,
} from "#support/service.ts";
import { extractRoot, joinSwarm, loadLoader, nodeReady, useSwarm } from "#support/swarm.ts";

/** Of the worker's engines the first leaves the network to the second, which is the swarm's member. */
const idle = { bridge: "none", iptables: false, "ip-forward": false };
const lab = useSwarm({
  nodes: { manager: { runtime: false } },
  images: {},
  idle: { worker: { runtime: false, extraConfig: idle } },
});
const manager = () => lab.node("manager");

describe.skipIf(!canHaveEngines)("an engine that dies alone, and one whose disk is full (needs root)", () => {
  let second: SecondEngine;
  let worker: Node;
  let disk: string;
  let folder: string;
  let before: readonly string[];
  beforeAll(async () => {
    const outer = lab.node("worker");
    // Its images and containers have a small disk of their own, in the node's namespaces alone.
    disk = join(dirname(outer.configFile), "second");
    await outer.run("mkdir", "-p", disk);
    await outer.run("mount", "-n", "-t", "tmpfs", "-o", "size=600m", "tmpfs", disk);
    // A swarm's agent that cannot write to its database does not tell that a task has failed, then or later.
    await outer.run("mkdir", `${disk}-swarm`);
    await outer.run("ln", "-s", `${disk}-swarm`, join(disk, "swarm"));
    second = await startSecondEngine(outer, "second", {
      config: {},
      image: "bookworm",
      tarball: await labImage("bookworm"),
      network: true,
    });
    worker = second.node;
    // The engine's usual place leads to this one.
    await outer.run("ln", "-sfn", worker.socket.slice("unix://".length), "/run/docker.sock");
    await joinSwarm(manager(), worker);
    await loadLoader([worker]);
    folder = await extractRoot(outer, "debian", await labImage("bookworm"));
    before = await tracesOn(worker);
  }, 120_000);

  afterEach(async () => {
    await removeService(manager(), "box");
    await cleanedUp(worker, before);
    expect(await besides(folder)).toEqual([]);
  }, 60_000);

  test("dockerd killed: its machine ends and comes again, with nothing left of the one before", async () => {
    await createService(manager(), "box", {
      labels: { "berth.loader.root": folder, "berth.loader.publish": "8080" },
      node: "worker",
    });
    const first = await runningTask(manager(), "box");
    await inside(worker, first.machine, "echo dear >/root/letter; sync");
    await second.kill();
    await second.start();
    await nodeReady(manager(), "worker");
    const next = await runningTask(manager(), "box", first);
    expect(await inside(worker, next.machine, "cat /root/letter; systemctl is-system-running")).toBe(
      "dear\nrunning",
    );
    await waitFor("one machine and one guard", async () => {
      const { stdout } = await worker.docker(
        "ps",
        "--all",
        "--filter",
        "status=running",
        "--format",
        "{{.Names}}",
      );
      return Bun.deepEquals(
        stdout.trim().split("\n").toSorted(),
        [next.loader, next.machine, next.guard].toSorted(),
      )
        ? true
        : undefined;
    });
  });

  test("a full disk: the machine that runs goes on; a new one is refused with the reason, and runs once there is room", async () => {
    await createService(manager(), "box", { labels: { "berth.loader.root": folder }, node: "worker" });
    const first = await runningTask(manager(), "box");
    const full = join(disk, "filler");
    await worker.run("sh", "-c", `dd if=/dev/zero of=${full} bs=1M 2>/dev/null || true`);
    expect(
      await inside(
        worker,
        first.machine,
        "echo dear >/root/letter; cat /root/letter; systemctl is-system-running",
      ),
    ).toBe("dear\nrunning");
    await killContainers(worker, first.loader);
    const refused = await waitFor("a task fails for lack of room", async () =>
      (await tasksOf(manager(), "box")).find(({ error }) => error.includes("no space left on device")),
    );
    expect(refused.state).toMatch(/Rejected|Failed/);
    await worker.run("rm", full);
    const next = await runningTask(manager(), "box", first);
    expect(await inside(worker, next.machine, "systemctl is-system-running")).toBe("running");
  });
});

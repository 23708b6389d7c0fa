import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import {
  besides,
  cleanedUp,
  createService,
  removeService,
  runningTask,
  tracesOn,
  waitForWords,
} from "#support/service.ts";
import { extractRoot, nodeReady, useSwarm } from "#support/swarm.ts";

const lab = useSwarm({ nodes: { manager: { runtime: false }, worker1: {}, worker2: {} }, images: {} });
const manager = () => lab.node("manager");
const names = ["worker1", "worker2"] as const;

describe.skipIf(!canHaveEngines)("a node that is lost with a loader on it (needs root)", () => {
  /** On the disk that both workers see. */
  let folder: string;
  let before: readonly (readonly string[])[];
  beforeAll(async () => {
    folder = await extractRoot(manager(), "shared", await labImage("bookworm"));
    before = await Promise.all(names.map((name) => tracesOn(lab.node(name))));
  }, 60_000);
  afterEach(async () => {
    const { stdout } = await manager().docker("service", "ls", "--quiet");
    if (stdout.trim() !== "") await removeService(manager(), ...stdout.trim().split("\n"));
    await Promise.all(names.map((name, index) => cleanedUp(lab.node(name), before[index] ?? [])));
    expect(await besides(folder)).toEqual([]);
  }, 60_000);

  const create = (name: string, ...flags: readonly string[]) =>
    createService(manager(), name, {
      labels: { "berth.loader.root": folder, "berth.loader.publish": "8080" },
      flags,
    });
  const machinesOn = async (name: string) => {
    const { stdout } = await lab.node(name).docker("ps", "--format", "{{.Names}}");
    return stdout.split("\n").filter((line) => line.endsWith(".app"));
  };

  test("back again, it has its machine again, and nothing of the one before", async () => {
    await create("box", "--constraint=node.hostname==worker1");
    const first = await runningTask(manager(), "box");
    await inside(lab.node("worker1"), first.machine, "echo dear >/root/letter; sync");
    await lab.node("worker1").crash();
    await lab.node("worker1").revive();
    await nodeReady(manager(), "worker1");
    const second = await runningTask(manager(), "box", first);
    expect(
      await inside(lab.node("worker1"), second.machine, "cat /root/letter; systemctl is-system-running"),
    ).toBe("dear\nrunning");
    await waitFor("one machine", async () =>
      Bun.deepEquals(await machinesOn("worker1"), [second.machine]) ? true : undefined,
    );
  });

  test("its machine runs on the other node; back again, it does not run a second one", async () => {
    await create("box", "--constraint=node.role==worker");
    const first = await runningTask(manager(), "box");
    const other = first.node === "worker1" ? "worker2" : "worker1";
    await lab.node(first.node).crash();
    const second = await runningTask(manager(), "box", first);
    expect(second.node).toBe(other);
    await lab.node(first.node).revive();
    await nodeReady(manager(), first.node);
    await waitFor("what the lost node had is gone", async () => {
      const { stdout } = await lab.node(first.node).docker("ps", "--all", "--format", "{{.Names}}");
      return stdout.includes(first.machine) || stdout.includes(first.guard) ? undefined : true;
    });
    expect([await machinesOn(first.node), await machinesOn(other)]).toEqual([[], [second.machine]]);
  });

  test("two services on two nodes that share a folder: the second says who has it, and takes over when the first is gone", async () => {
    await create("box", "--constraint=node.hostname==worker1");
    const first = await runningTask(manager(), "box");
    await create("other", "--constraint=node.hostname==worker2");
    await waitForWords(manager(), "other", folder, first.machine, "worker1");
    expect([await machinesOn("worker1"), await machinesOn("worker2")]).toEqual([[first.machine], []]);
    await removeService(manager(), "box");
    const second = await runningTask(manager(), "other");
    expect(await inside(lab.node("worker2"), second.machine, "systemctl is-system-running")).toBe("running");
  });
});

import { afterEach, describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { booted, cgroupsOfProcess, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

/** The controllers that a cgroup has, and those that it gives to the cgroups in it. */
const controllersIn = async (name: string) =>
  (
    await inside(
      node("v2"),
      name,
      "cat /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/cgroup.subtree_control",
    )
  ).split("\n");

describe.skipIf(!canHaveEngines)("what is run in a machine while it boots (needs root)", () => {
  afterEach(() => removeAll(node("v2")));

  test.each([0, 50, 100, 200, 300])(
    "is in the cgroup of its systemd, and keeps no unit from its limits (after %d ms)",
    async (delay) => {
      await runMachine(node("v2"), "early", "bookworm");
      await sleep(delay);
      // It outlives the boot.
      await node("v2").docker("exec", "--detach", "early", "sleep", "314");
      const { pid } = await stateOf(node("v2"), "early");
      expect(await booted(node("v2"), "early")).toBe("running");
      const cgroup = await waitFor("the command runs", async () =>
        (await cgroupsOfProcess(node("v2"), "early", "sleep 314").catch(() => undefined))?.get(""),
      );
      expect(cgroup).toEndWith("/init.scope");
      expect((await node("v2").run("cat", `/proc/${pid}/cgroup`)).stdout).toContain("/init.scope");
      const [has = "", gives = ""] = await controllersIn("early");
      // Of what systemd gives: there are others, such as rdma.
      const wanted = ["memory", "pids"].filter((name) => has.split(" ").includes(name));
      expect(gives.split(" ")).toEqual(expect.arrayContaining(wanted));
    },
  );
});

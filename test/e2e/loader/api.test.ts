import { beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { failedUnits, inside } from "#support/machine.ts";
import { canHaveEngines, type Node } from "#support/nodes.ts";
import { echoAddress, echoUnit, greeting, perl } from "#support/perl.ts";
import {
  besides,
  cleanedUp,
  createService,
  failedTask,
  logsOf,
  removeService,
  runningTask,
  tracesOn,
} from "#support/service.ts";
import { addUnit, extractRoot, useSwarm } from "#support/swarm.ts";

const lab = useSwarm({
  nodes: { manager: {}, plain: { runtime: false, images: [] } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("a loader on a node without berth-runtime (needs root)", () => {
  let folder: string;
  let before: readonly string[];
  beforeAll(async () => {
    folder = await extractRoot(lab.node("plain"), "debian", await labImage("bookworm"));
    await addUnit(folder, "echo.service", echoUnit(80));
    await writeFile(join(folder, "etc/hostname"), "debian\n");
    before = await tracesOn(lab.node("plain"));
  }, 60_000);

  /**
   * What a container hears at another's port 80. Nodes learn each other's names a moment after there are any.
   */
  const heard = (node: Node, container: string, name: string) =>
    waitFor(`${name} answers ${container}`, async () => {
      const { stdout } = await node.tryDocker("exec", container, ...perl(greeting, name, "80"));
      return stdout === "" ? undefined : stdout;
    });

  test("boots it by the engine's API alone, nested, published, reachable, and stops it in order", async () => {
    const [manager, plain] = [lab.node("manager"), lab.node("plain")];
    await createService(manager, "box", {
      labels: {
        "foreign-root.folder": folder,
        "foreign-root.memory": "300M",
        "foreign-root.publish": "80",
        "foreign-root.hostname": "box",
      },
      node: "plain",
    });
    const task = await runningTask(manager, "box");
    expect(await inside(plain, task.machine, "systemctl is-system-running; cat /etc/hostname")).toBe(
      "running\nbox",
    );
    expect(await failedUnits(plain, task.machine)).toBe("");
    expect(
      (
        await plain.docker(
          "inspect",
          "--format",
          "{{.HostConfig.Runtime}} {{.HostConfig.Privileged}}",
          task.machine,
        )
      ).stdout,
    ).toBe("runc false\n");
    // A service of the machine is below the machine's own limit.
    const cgroup = await inside(
      plain,
      task.machine,
      "systemd-run --pipe --wait --quiet cat /proc/self/cgroup | grep -E ':memory:|^0::'",
    );
    expect(cgroup).not.toMatch(/^\d+:memory:\/system\.slice/m);
    const { stdout } = await lab.client().run(...perl(greeting, plain.address ?? "", "80"));
    expect(stdout).toBe(`${lab.client().address}\n`);
    await manager.docker(
      "run",
      "--detach",
      "--name=app",
      "--network=application",
      "bookworm",
      ...perl(echoAddress, "80"),
    );
    try {
      expect(await heard(manager, "app", "box")).toMatch(/^10\./);
      expect(await heard(plain, task.machine, "app")).toMatch(/^10\./);
    } finally {
      await manager.docker("rm", "--force", "app");
    }
    expect(await logsOf(manager, "box")).toContain("Welcome to ");
    await removeService(manager, "box");
    await cleanedUp(plain, before);
    expect(await besides(folder)).toEqual([]);
    // Its /etc/hosts was the engine's; without berth-runtime the engine makes an empty one to mount that
    // over.
    const names = await Promise.all(
      ["hosts", "hostname"].map((name) => readFile(join(folder, "etc", name), "utf8")),
    );
    expect(names).toEqual(["", "debian\n"]);
  });

  test("says what it gives up without the runtime, and refuses a profile that needs it", async () => {
    const [manager, plain] = [lab.node("manager"), lab.node("plain")];
    await createService(manager, "box", {
      labels: { "berth.loader.root": folder, "berth.loader.profile": "full" },
      node: "plain",
      flags: ["--restart-condition=none"],
    });
    expect((await failedTask(manager, "box")).said).toContain("berth install runtime");
    await removeService(manager, "box");
    await cleanedUp(plain, before);
  });
});

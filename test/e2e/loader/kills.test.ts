import { beforeAll, describe, expect, test } from "bun:test";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside, stateOf } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { echoUnit, greeting, perl } from "#support/perl.ts";
import {
  besides,
  cleanedUp,
  createService,
  killContainers,
  removeService,
  runningTask,
  type Task,
  tracesOn,
} from "#support/service.ts";
import { addUnit, extractRoot, useSwarm } from "#support/swarm.ts";

// Other files have Docker 20.10 on hybrid hosts.
const root = () => labEngineRoot("trixie");
const lab = useSwarm({
  nodes: { manager: { root, runtime: false }, worker: { root, cgroupView: "v2" } },
  images: {},
});
const manager = () => lab.node("manager");
const worker = () => lab.node("worker");

describe.skipIf(!canHaveEngines)(
  "SIGKILL of a service's parts, one after the other, on Docker 26 (needs root)",
  () => {
    let folder: string;
    let before: readonly string[];
    let task: Task;
    beforeAll(async () => {
      folder = await extractRoot(worker(), "debian", await labImage("bookworm"));
      await addUnit(folder, "echo.service", echoUnit(80));
      before = await tracesOn(worker());
      await create();
      task = await runningTask(manager(), "box");
    }, 180_000);

    const create = () =>
      createService(manager(), "box", {
        labels: { "berth.loader.root": folder, "berth.loader.publish": "80" },
        node: "worker",
      });
    const kill = (...containers: readonly string[]) => killContainers(worker(), ...containers);
    /** The machine answers those outside, and the task's three containers are all that runs. */
    const isRight = async (look: () => Promise<Task> = async () => task) => {
      await waitFor("the machine is published", async () => {
        const asked = await lab
          .client()
          .run(...perl(greeting, worker().address ?? "", "80"))
          .catch(() => undefined);
        return asked?.stdout.trim() === lab.client().address ? true : undefined;
      });
      await waitFor("no containers but the task's own", async () => {
        const { stdout } = await worker().docker("ps", "--format", "{{.Names}}");
        const { loader, machine, guard } = await look();
        return Bun.deepEquals(stdout.trim().split("\n").toSorted(), [loader, machine, guard].toSorted())
          ? true
          : undefined;
      });
    };

    test.each([
      ["the loader", ["loader"]],
      ["the machine", ["machine"]],
      ["loader and guard at once", ["loader", "guard"]],
      ["loader and machine at once", ["loader", "machine"]],
      ["all three at once", ["loader", "machine", "guard"]],
    ] as const)(
      "%s: the next task has the folder, and nothing runs of the one before",
      async (what, which) => {
        await inside(worker(), task.machine, `echo '${what}' >/root/letter; sync`);
        await kill(...which.map((part) => task[part]));
        task = await runningTask(manager(), "box", task);
        await isRight();
        expect(await inside(worker(), task.machine, "cat /root/letter; systemctl is-system-running")).toBe(
          `${what}\nrunning`,
        );
      },
    );

    test("the guard: the machine goes on or comes anew, and is published as before", async () => {
      const killed = await stateOf(worker(), task.guard);
      await kill(task.guard);
      const look = async () => {
        task = await runningTask(manager(), "box");
        return task;
      };
      await waitFor("a guard runs that is not the one killed", async () => {
        const { guard } = await look();
        const { stdout } = await worker().tryDocker(
          "inspect",
          "--format",
          "{{.State.Running}} {{.State.Pid}}",
          guard,
        );
        const [running, pid] = stdout.trim().split(" ");
        return running === "true" && Number(pid) !== killed.pid ? true : undefined;
      });
      await isRight(look);
    });

    test("after all that, removing the service leaves nothing", async () => {
      await removeService(manager(), "box");
      await cleanedUp(worker(), before);
      expect(await besides(folder)).toEqual([]);
    });

    test("the loader, whose service is removed in the same moment: nothing is left either", async () => {
      await create();
      task = await runningTask(manager(), "box");
      await Promise.all([kill(task.loader), removeService(manager(), "box")]);
      await cleanedUp(worker(), before);
      expect(await besides(folder)).toEqual([]);
    });

    // It is by that shell that commands from outside are hung up before a machine is stopped.
    test("the loader, by the swarm, since its machine's shell never ends: its guard leaves nothing", async () => {
      await create();
      task = await runningTask(manager(), "box");
      await inside(
        worker(),
        task.machine,
        "rm /bin/sh; printf '#!/bin/dash\\nexec sleep 600\\n' >/bin/sh; chmod 755 /bin/sh",
      );
      await worker().docker("exec", "--detach", task.machine, "sleep", "600");
      await removeService(manager(), "box");
      await cleanedUp(worker(), before);
      expect(await besides(folder)).toEqual([]);
    });
  },
);

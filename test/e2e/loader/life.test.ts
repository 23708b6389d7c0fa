import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EventMessage } from "#api/event.ts";
import { labImage } from "#lab/lab-image.ts";
import { isThere } from "#lab/traces.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside, stateOf } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import {
  besides,
  cleanedUp,
  createService,
  removeService,
  runningTask,
  type Task,
  tasksOf,
  tracesOn,
  waitForWords,
} from "#support/service.ts";
import { addUnit, extractRoot, nodeReady, useSwarm } from "#support/swarm.ts";

const lab = useSwarm({ nodes: { manager: { runtime: false }, worker1: {}, worker2: {} }, images: {} });
const manager = () => lab.node("manager");
const workers = () => [lab.node("worker1"), lab.node("worker2")] as const;

/** A stop that takes what SECONDS_TO_STOP says, and leaves a word if it was let. */
const stopper = `#!/bin/sh
rm -f /var/log/stopped
sleep "$SECONDS_TO_STOP"
echo yes >/var/log/stopped
`;
const unit =
  "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sh /etc/stopper\nTimeoutStopSec=600\nEnvironmentFile=-/etc/seconds\n";

describe.skipIf(!canHaveEngines)("a service's life with a loader (needs root)", () => {
  /** On the disk that both workers see. */
  let folder: string;
  let before: readonly (readonly string[])[];
  beforeAll(async () => {
    folder = await extractRoot(manager(), "shared", await labImage("bookworm"));
    await Bun.write(join(folder, "etc/stopper"), stopper);
    await Bun.write(join(folder, "etc/seconds"), "SECONDS_TO_STOP=0\n");
    await addUnit(folder, "stopper.service", unit);
    before = await Promise.all(workers().map(tracesOn));
  }, 60_000);
  afterEach(async () => {
    await Bun.write(join(folder, "etc/seconds"), "SECONDS_TO_STOP=0\n");
    await rm(join(folder, "var/log/stopped"), { force: true });
    const { stdout } = await manager().docker("service", "ls", "--quiet");
    if (stdout.trim() !== "") await removeService(manager(), ...stdout.trim().split("\n"));
    await Promise.all(workers().map((node, index) => cleanedUp(node, before[index] ?? [])));
    expect(await besides(folder)).toEqual([]);
  }, 60_000);

  const nodeOf = (task: Task) => lab.node(task.node);
  const create = (labels: Readonly<Record<string, string>> = {}, ...flags: readonly string[]) =>
    createService(manager(), "box", {
      labels: { "berth.loader.root": folder, ...labels },
      flags: ["--constraint=node.role==worker", ...flags],
    });
  const machinesOn = async (name: string) => {
    const { stdout } = await lab.node(name).docker("ps", "--format", "{{.Names}}");
    return stdout.split("\n").filter((line) => line.endsWith(".app"));
  };
  /**
   * The signals that the engine has sent to a task's loader and machine since then, such as `loader 15`, each
   * with the engine's own time in seconds.
   */
  const signalsSince = async (since: number, task: Task) => {
    const window = ["--since", String(since), "--until", String(Date.now() / 1000), "--filter", "event=kill"];
    const { stdout } = await nodeOf(task).docker("events", ...window, "--format", "{{json .}}");
    const events = stdout
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as EventMessage]));
    return events.flatMap(({ Actor: { Attributes }, timeNano }) => {
      const whose =
        Attributes.name === task.loader ? "loader" : Attributes.name === task.machine ? "machine" : undefined;
      return whose === undefined ? [] : [{ what: `${whose} ${Attributes.signal}`, at: timeNano / 1e9 }];
    });
  };
  const noMachine = (task: Task) =>
    waitFor(
      "the machine is gone",
      async () =>
        (await nodeOf(task).docker("ps", "--all", "--format", "{{.Names}}")).stdout.includes(task.machine)
          ? undefined
          : true,
      60_000,
    );

  test("scale to 0 and to 1 again, update, rollback: one machine after the other, never two", async () => {
    await create();
    const first = await runningTask(manager(), "box");
    expect(
      await inside(nodeOf(first), first.machine, "echo dear >/root/letter; systemctl is-system-running"),
    ).toBe("running");
    await manager().docker("service", "scale", "--detach", "box=0");
    await noMachine(first);
    await manager().docker("service", "scale", "--detach", "box=1");
    const second = await runningTask(manager(), "box", first);
    expect(await inside(nodeOf(second), second.machine, "cat /root/letter")).toBe("dear");

    await manager().docker(
      "service",
      "update",
      "--detach",
      "--container-label-add=berth.loader.memory=300M",
      "box",
    );
    const third = await runningTask(manager(), "box", second);
    const memory = await nodeOf(third).docker("inspect", "--format", "{{.HostConfig.Memory}}", third.machine);
    expect(memory.stdout.trim()).toBe(String(300 * 2 ** 20));
    await manager().docker("service", "update", "--detach", "--rollback", "box");
    const fourth = await runningTask(manager(), "box", third);
    expect(
      (await nodeOf(fourth).docker("inspect", "--format", "{{.HostConfig.Memory}}", fourth.machine)).stdout,
    ).toBe("0\n");
    expect([...(await machinesOn("worker1")), ...(await machinesOn("worker2"))]).toEqual([fourth.machine]);
  }, 600_000);

  test("a drained node's machine goes to the other, which sees the same folder", async () => {
    await create();
    const first = await runningTask(manager(), "box");
    await inside(nodeOf(first), first.machine, "echo moved >/root/letter");
    await manager().docker("node", "update", "--availability=drain", first.node);
    const second = await runningTask(manager(), "box", first);
    expect(second.node).not.toBe(first.node);
    expect(await inside(nodeOf(second), second.machine, "cat /root/letter")).toBe("moved");
    expect(await machinesOn(first.node)).toEqual([]);
    await manager().docker("node", "update", "--availability=active", first.node);
  });

  /**
   * Has a machine end itself. Nobody waits for the command's own end: the engine forgets that with the
   * machine.
   */
  const leave = (task: Task, command: string) =>
    nodeOf(task).docker("exec", "--detach", task.machine, ...command.split(" "));

  test.each([
    ["less than the grace period is let be", 5, 30],
    ["more than it is killed at its end, not before", 60, 8],
  ])("a stop that takes %s", async (_, seconds, grace) => {
    await Bun.write(join(folder, "etc/seconds"), `SECONDS_TO_STOP=${seconds}\n`);
    await create({}, `--stop-grace-period=${grace}s`);
    const task = await runningTask(manager(), "box");
    const since = Date.now() / 1000;
    await manager().docker("service", "scale", "--detach", "box=0");
    await noMachine(task);
    const signals = await signalsSince(since, task);
    const stopped = await readFile(join(folder, "var/log/stopped"), "utf8").catch(() => "no");
    // SIGTERM to both, of which berth-runtime makes what the init wants; no SIGKILL where there is time
    // enough.
    const asked = ["loader 15", "machine 15"];
    const whats = signals.map(({ what }) => what);
    if (seconds < grace) expect([stopped, whats]).toEqual(["yes\n", asked]);
    else {
      expect([stopped, whats]).toEqual(["no", [...asked, "loader 9", "machine 9"]]);
      const took = (signals[3]?.at ?? 0) - (signals[0]?.at ?? 0);
      expect(took).toBeGreaterThan(grace - 1);
      expect(took).toBeLessThan(grace + 1);
    }
  });

  test.each([
    ["systemctl --no-block exit 7", "Failed", "non-zero exit (7)"],
    ["systemctl --no-block poweroff", "Complete", ""],
  ])("%s: the machine's exit code is the task's (%s)", async (command, state, error) => {
    await create({}, "--restart-condition=none");
    const task = await runningTask(manager(), "box");
    await leave(task, command);
    const ended = await waitFor("the task ends", async () =>
      (await tasksOf(manager(), "box")).find((other) => other.state !== "Running"),
    );
    expect([ended.state, ended.error]).toEqual([state, expect.stringContaining(error)]);
  });

  test("a machine that ends is started again where the service says so; a reboot is such an end", async () => {
    await create({}, "--restart-condition=any");
    const first = await runningTask(manager(), "box");
    await leave(first, "systemctl --no-block reboot");
    const second = await runningTask(manager(), "box", first);
    expect(await inside(nodeOf(second), second.machine, "systemctl is-system-running")).toBe("running");
  });

  test("two replicas of one folder never run at once: the second waits, says so, and takes over", async () => {
    await create({}, "--replicas=2");
    const first = await runningTask(manager(), "box");
    await waitForWords(manager(), "box", folder, first.machine);
    for (let time = 0; time < 10; time += 1) {
      expect([...(await machinesOn("worker1")), ...(await machinesOn("worker2"))]).toEqual([first.machine]);
    }
  });

  test("an engine that restarts stops its machine in order, and has it again afterwards", async () => {
    await create({}, "--constraint=node.hostname==worker1");
    const first = await runningTask(manager(), "box");
    await inside(nodeOf(first), first.machine, "rm -f /var/log/stopped");
    // The engine's own end, as by `systemctl stop docker`: its init ends with it.
    const node = lab.node("worker1");
    process.kill(node.pid, "SIGTERM");
    await waitFor("the engine has ended", async () =>
      (await isThere(`/proc/${node.pid}`)) ? undefined : true,
    );
    await node.revive();
    await nodeReady(manager(), "worker1");
    const second = await runningTask(manager(), "box", first);
    expect(second.node).toBe("worker1");
    expect((await stateOf(lab.node("worker1"), second.machine)).running).toBe(true);
    expect(await machinesOn("worker1")).toEqual([second.machine]);
    expect(await readFile(join(folder, "var/log/stopped"), "utf8")).toBe("yes\n");
  });
});

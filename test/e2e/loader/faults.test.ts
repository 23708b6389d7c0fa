import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { leasePath } from "#host/files/lease-place.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside, stateOf } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { echoAddress, echoUnit, greeting, perl } from "#support/perl.ts";
import {
  besides,
  cleanedUp,
  createService,
  failedTask,
  killContainers,
  removeService,
  runningTask,
  type Task,
  tasksOf,
  tracesOn,
  waitForWords,
} from "#support/service.ts";
import { addUnit, extractRoot, useSwarm } from "#support/swarm.ts";

// Ten seconds of silence and those since the last report are as long as a manager waits by default: then it
// would give the task to another.
const lab = useSwarm({ nodes: { manager: { runtime: false }, worker: {} }, images: {}, heartbeat: "15s" });
const manager = () => lab.node("manager");
const worker = () => lab.node("worker");

describe.skipIf(!canHaveEngines)("what hinders a loader (needs root)", () => {
  let folder: string;
  let before: readonly string[];
  beforeAll(async () => {
    folder = await extractRoot(worker(), "debian", await labImage("bookworm"));
    await addUnit(folder, "echo.service", echoUnit(80));
    before = await tracesOn(worker());
  }, 60_000);
  afterEach(async () => {
    const { stdout } = await manager().docker("service", "ls", "--quiet");
    if (stdout.trim() !== "") await removeService(manager(), ...stdout.trim().split("\n"));
    await cleanedUp(worker(), before);
    expect(await besides(folder)).toEqual([]);
  }, 60_000);

  const create = (name = "box", labels: Readonly<Record<string, string>> = {}, ...flags: readonly string[]) =>
    createService(manager(), name, {
      labels: { "berth.loader.root": folder, ...labels },
      node: "worker",
      flags,
    });
  const published = { "berth.loader.publish": "80" };
  const containersOn = async () =>
    (await worker().docker("ps", "--format", "{{.Names}}")).stdout.trim().split("\n").toSorted();
  const ofTask = ({ loader, machine, guard }: Task) => [loader, machine, guard].toSorted();
  /** What the machine answers to the host outside. */
  const answer = async () =>
    (await lab.client().run(...perl(greeting, worker().address ?? "", "80"))).stdout.trim();
  /** The machine answers, and one task's three containers are all there is. */
  const isRight = async (task: Task) => {
    expect(await answer()).toBe(lab.client().address ?? "");
    await waitFor("no containers but the task's own", async () =>
      Bun.deepEquals(await containersOn(), ofTask(task)) ? true : undefined,
    );
  };

  test("an engine that does not answer for ten seconds: the same machine runs on, and stops as ever", async () => {
    await create("box", published);
    const task = await runningTask(manager(), "box");
    // Loader and guard could each take the silence for the other's end.
    const states = () => Promise.all(ofTask(task).map((name) => stateOf(worker(), name)));
    const before = await states();
    await worker().run("pkill", "-STOP", "-x", "dockerd");
    try {
      await sleep(10_000);
      expect(await answer()).toBe(lab.client().address ?? "");
    } finally {
      await worker().run("pkill", "-CONT", "-x", "dockerd");
    }
    await isRight(await runningTask(manager(), "box"));
    expect((await runningTask(manager(), "box")).id).toBe(task.id);
    expect(await states()).toEqual(before);
    expect(before.map(({ running }) => running)).toEqual([true, true, true]);
    const { stdout, stderr } = await worker().docker("logs", task.guard);
    expect(`${stdout}${stderr}`).not.toContain("has lost its loader");
  });

  test("a port that an update drops is closed", async () => {
    await create("box", { "berth.loader.publish": "80,8080:80" });
    const first = await runningTask(manager(), "box");
    const ask = (port: string) =>
      lab
        .client()
        .run(...perl(greeting, worker().address ?? "", port))
        .then(
          ({ stdout }) => stdout.trim(),
          () => "closed",
        );
    expect([await ask("80"), await ask("8080")]).toEqual([
      lab.client().address ?? "",
      lab.client().address ?? "",
    ]);
    await manager().docker(
      "service",
      "update",
      "--detach",
      "--container-label-add=berth.loader.publish=80",
      "box",
    );
    await isRight(await runningTask(manager(), "box", first));
    expect(await ask("8080")).toBe("closed");
  });

  test("a port that another has: the task fails and names it; free again, the service runs", async () => {
    const other = spawn("nsenter", [`--net=/proc/${worker().pid}/ns/net`, "--", ...perl(echoAddress, "80")], {
      stdio: "ignore",
    });
    await once(other, "spawn");
    await waitFor("the other listens", async () =>
      (await worker().run("ss", "-Hltn", "sport = :80")).stdout === "" ? undefined : true,
    );
    await create("box", published);
    const { said } = await failedTask(manager(), "box");
    expect(said).toMatch(/\b80\b/);
    const ended = once(other, "exit");
    other.kill("SIGKILL");
    await ended;
    await isRight(await runningTask(manager(), "box"));
  });

  test("a program that runs under the lease's name: the task fails and names it, and no guard is left", async () => {
    const lease = leasePath(folder);
    await copyFile("/bin/sleep", lease);
    await chmod(lease, 0o700);
    const other = spawn(lease, ["600"], { stdio: "ignore" });
    await once(other, "spawn");
    try {
      await create("box", published);
      expect((await failedTask(manager(), "box")).said).toMatch(/another program uses lease .*berth-lease/);
      // Of several tasks more guards would have come together by then, and none would go.
      await sleep(10_000);
      await waitFor("no more than a task's loader and guard", async () =>
        (await containersOn()).length <= 2 ? true : undefined,
      );
    } finally {
      const ended = once(other, "exit");
      other.kill("SIGKILL");
      await ended;
      await rm(lease);
    }
    await isRight(await runningTask(manager(), "box"));
  }, 90_000);

  test("two services that publish one port: the second says so, the first is not touched", async () => {
    await create("box", published);
    const task = await runningTask(manager(), "box");
    const other = await extractRoot(worker(), "second", await labImage("bookworm"));
    await create(
      "other",
      { "berth.loader.root": other, "berth.loader.publish": "80" },
      "--restart-condition=none",
    );
    expect((await failedTask(manager(), "other")).said).toMatch(/\b80\b/);
    await removeService(manager(), "other");
    await isRight(task);
  });

  test("a folder that vanishes: the next task says that it is not there; back again, the service runs", async () => {
    await create("box", published);
    const first = await runningTask(manager(), "box");
    await rename(folder, `${folder}.away`);
    try {
      await killContainers(worker(), first.loader);
      expect((await failedTask(manager(), "box", first)).said).toContain(folder);
    } finally {
      await rename(`${folder}.away`, folder);
    }
    const second = await runningTask(manager(), "box", first);
    await isRight(second);
    expect(await inside(worker(), second.machine, "systemctl is-system-running")).toBe("running");
  });

  test("two services on one folder: the second says who has it, and runs when the first is gone", async () => {
    await create("box", published);
    const first = await runningTask(manager(), "box");
    await create("other");
    await waitForWords(manager(), "other", folder, first.machine);
    expect((await tasksOf(manager(), "other")).filter(({ state }) => state === "Running")).toEqual([]);
    expect((await containersOn()).filter((name) => name.endsWith(".app"))).toEqual([first.machine]);
    await removeService(manager(), "box");
    const second = await runningTask(manager(), "other");
    expect(await inside(worker(), second.machine, "systemctl is-system-running")).toBe("running");
  });
});

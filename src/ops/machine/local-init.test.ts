import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProcess } from "#host/process/process-stat.ts";
import { isRoot } from "#lab/mount-namespace.ts";
import { waitFor } from "#lab/wait-for.ts";
import { bearsId, findLocalInit, readSystemdProgress } from "./local-init.ts";

const sleeper = spawn("sleep", ["30"]);
afterAll(() => sleeper.kill("SIGKILL"));

const [own, other] = ["a".repeat(64), "b".repeat(64)] as const;
test.each([
  ["its own", `0::/docker/${own}/init.scope\n`, true],
  ["by the systemd driver", `0::/system.slice/docker-${own}.scope/init.scope\n`, true],
  [
    "what another machine has named after it",
    `1:name=systemd:/docker/${other}/${own}\n0::/docker/${other}\n`,
    false,
  ],
  ["of an engine within a container", `0::/docker/${other}/docker/${own}\n`, false],
  ["in one hierarchy of many", `4:pids:/\n1:name=systemd:/docker/${own}\n`, true],
  ["none", `0::/docker/${other}\n`, false],
  ["a longer name with it", `0::/docker/${own}b\n`, false],
])("the cgroup of a container's init: %s", (_, cgroup, isOwn) => {
  expect(bearsId(cgroup, own)).toBe(isOwn);
});

/** Listens at a path, says so, and starts the program that is named. */
const engine = `use Socket; my ($path, @next) = @ARGV; socket(S, PF_UNIX, SOCK_STREAM, 0) or die $!;
  bind(S, pack_sockaddr_un($path)) or die $!; listen(S, 9) or die $!;
  if (!fork) { exec @next or die $! } $| = 1; print "listens\\n"; sleep 600`;
const newNamespace = ["unshare", "--pid", "--fork", "--kill-child", "--"] as const;

/**
 * Starts very many processes with as many groups as there can be, and says so: the status of each is half a
 * megabyte.
 */
const crowd = `$) = join " ", 0, 100000 .. 165000; for (1 .. 600) { fork or do { sleep 600; exit } } $| = 1; print "runs\\n"; sleep 600`;

describe("a container's first process", () => {
  const id = "0123456789abcdef".repeat(4);
  const hierarchy = existsSync("/sys/fs/cgroup/cgroup.procs") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/systemd";
  const cgroups = ["", "/docker", `/docker/${id}`, "/user", `/user/${id}`].map((path) =>
    join(hierarchy, `berth-test-${process.pid}${path}`),
  );
  const started: ChildProcess[] = [];
  let directory = "";
  let socket = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "berth-init-"));
    socket = join(directory, "docker.sock");
    if (isRoot) for (const cgroup of cgroups) mkdirSync(cgroup);
  });
  afterEach(async () => {
    for (const child of started.splice(0)) {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await ended;
    }
    rmSync(directory, { recursive: true });
    if (!isRoot) return;
    await waitFor("the cgroups are empty", () =>
      Promise.resolve(cgroups.every((cgroup) => readFileSync(join(cgroup, "cgroup.procs"), "utf8") === "")),
    );
    for (const cgroup of cgroups.toReversed()) rmdirSync(cgroup);
  });
  const start = (...[program, ...words]: readonly [string, ...string[]]) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"], detached: true });
    started.push(child);
    return child;
  };
  /** The child's child, and so on, when it is there. */
  const descendant = async (pid: number | undefined, generations: number) => {
    let found = String(pid);
    for (let left = generations; left > 0; left -= 1) {
      const parent = found;
      await waitFor(`${parent} has a child`, async () => {
        found = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
        return found !== "";
      });
    }
    return Number(found);
  };
  const move = (pid: number, cgroup: string) =>
    writeFileSync(join(hierarchy, `berth-test-${process.pid}`, cgroup, id, "cgroup.procs"), `${pid}`);

  test("is nobody without an engine, or where the engine's number is another process's", async () => {
    expect(findLocalInit(socket, sleeper.pid ?? 0, id)).toBeUndefined();
    await once(start("perl", "-e", engine, socket, "sleep", "600").stdout as NodeJS.ReadableStream, "data");
    expect(findLocalInit(socket, sleeper.pid ?? 0, id)).toBeUndefined();
  });

  test.skipIf(!isRoot)(
    "is by the engine's number where that is ours, and the cgroup tells (needs root)",
    async () => {
      await once(start("perl", "-e", engine, socket, "sleep", "600").stdout as NodeJS.ReadableStream, "data");
      const init = start("sleep", "600").pid ?? 0;
      move(init, "docker");
      expect(findLocalInit(socket, init, id)?.pid).toBe(init);
    },
  );

  test.skipIf(!isRoot)(
    "is in a namespace below the engine's, whoever has named a cgroup after it (needs root)",
    async () => {
      const engineRun = start(...newNamespace, "perl", "-e", engine, socket, ...newNamespace, "sleep", "600");
      await once(engineRun.stdout as NodeJS.ReadableStream, "data");
      const init = await descendant(engineRun.pid, 3);
      move(init, "docker");
      const engineNumber = Number(
        /^NSpid:.*\t(\d+)\t1$/m.exec(readFileSync(`/proc/${init}/status`, "utf8"))?.[1],
      );
      expect(findLocalInit(socket, engineNumber, id)?.pid).toBe(init);
      await once(start("perl", "-e", crowd).stdout as NodeJS.ReadableStream, "data");
      for (let looks = 0; looks < 2; looks += 1)
        expect(findLocalInit(socket, engineNumber, id)?.pid).toBe(init);

      // As a user does it who has a cgroup: less deep, as deep, and with the very number that the engine has
      // for its own.
      const flat = start("unshare", "--user", ...newNamespace.slice(1), "sleep", "600");
      move(await descendant(flat.pid, 1), "user");
      const alike = start(
        ...["unshare", "--user", "--map-root-user", ...newNamespace.slice(1)],
        ...["sh", "-c", `${newNamespace.join(" ")} sleep 600; exit`],
      );
      const spoof = await descendant(alike.pid, 3);
      move(spoof, "user");
      const [, ofSpoof, ofInit] = [spoof, spoof, init].map(
        (pid) => /^NSpid:\s+\d+\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
      );
      expect(ofSpoof).toBe(ofInit as string);
      expect(findLocalInit(socket, engineNumber, id)?.pid).toBe(init);
      process.kill(init, "SIGKILL");
      await waitFor("init has ended", () => Promise.resolve(!existsSync(`/proc/${init}`)));
      expect(findLocalInit(socket, engineNumber, id)).toBeUndefined();
    },
  );
});

test("progress: outside of init.scope it is early, and of a process that ended nothing is known, though another has its number", async () => {
  const init = findProcess(sleeper.pid ?? 0);
  if (init === undefined) throw new Error("it has not begun");
  expect(readSystemdProgress(init)).toBe("early");
  expect(readSystemdProgress({ ...init, startTime: "1" })).toBeUndefined();
  sleeper.kill("SIGKILL");
  await once(sleeper, "exit");
  expect(readSystemdProgress(init)).toBeUndefined();
});

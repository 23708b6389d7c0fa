import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot } from "../../test/lab/mount-namespace.ts";
import { findEngineProcess, outermost, parseEngine } from "./engine-process.ts";

test.each([
  ["the engine alone", [[70, 1]], 70],
  [
    "a program it is about to start",
    [
      [70, 1],
      [71, 70],
    ],
    70,
  ],
  [
    "one whose number is lower, since numbers start anew",
    [
      [5, 70],
      [70, 1],
    ],
    70,
  ],
  ["none", [], undefined],
] as const)("of %s, the engine is found", (_, holders, engine) =>
  expect(outermost(new Map(holders.map(([pid, parent]) => [pid, parent])))).toBe(engine),
);

const statusOf = (name: string, users: string) => `Name:\t${name}\nUmask:\t0022\nPid:\t70\nPPid:\t1\nUid:\t${users}\nGid:\t0\t0\t0\t0\n`;

test.each([
  ["dockerd", "0\t0\t0\t0", { parent: 1, users: [0, 0, 0, 0] }],
  ["dockerd", "4242\t0\t0\t0", { parent: 1, users: [4242, 0, 0, 0] }],
  ["dockerd-x", "0\t0\t0\t0", undefined],
  ["x\\nName:\tdockerd", "0\t0\t0\t0", undefined],
] as const)("the status of %s as %s", (name, users, engine) => expect(parseEngine(statusOf(name, users))).toEqual(engine as never));

/** Listens at a path, whoever has listened there before, says so, and is or starts the program that is named, if any. */
const listens = `use Socket; $^F = 255; my ($path, @next) = @ARGV; unlink $path;
  socket(S, PF_UNIX, SOCK_STREAM, 0) or die $!; bind(S, pack_sockaddr_un($path)) or die $!; listen(S, 9) or die $!;
  if (@next && !fork) { exec @next or die $! } $| = 1; print "listens\\n"; sleep 600`;

describe("the engine of a socket", () => {
  let directory = "";
  let dockerd = "";
  let socket = "";
  const started: ChildProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "berth-engine-"));
    [dockerd, socket] = [join(directory, "dockerd"), join(directory, "docker.sock")];
    copyFileSync("/usr/bin/perl", dockerd);
  });
  afterEach(async () => {
    const ends = started.splice(0).map(async (child) => {
      process.kill(-(child.pid ?? 0), "SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    await Promise.all(ends);
    rmSync(directory, { recursive: true });
  });
  /** Starts a program that listens there, in a process group of its own, and waits until it does. */
  const start = async (...command: readonly [string, ...string[]]) => {
    const [program, ...words] = command;
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    started.push(child);
    await once(child.stdout, "data");
    return child.pid;
  };

  test("is the dockerd that listens", async () => {
    expect(await findEngineProcess(socket)).toBeUndefined();
    const pid = await start(dockerd, "-e", listens, socket);
    expect(await findEngineProcess(socket)).toBe(pid as number);
  });

  test("is no dockerd that began before it and whose socket bears the same path", async () => {
    await start(dockerd, "-e", listens, socket);
    const pid = await start(dockerd, "-e", listens, socket);
    expect(await findEngineProcess(socket)).toBe(pid as number);
  });

  test("is the dockerd that was given it by whoever listens, and none beside it", async () => {
    await start(dockerd, "-e", listens, socket);
    const parent = await start("perl", "-e", listens, socket, dockerd, "-e", "sleep 600");
    const found = await findEngineProcess(socket);
    expect(await Bun.file(`/proc/${found}/comm`).text()).toBe("dockerd\n");
    expect(await Bun.file(`/proc/${found}/status`).text()).toMatch(new RegExp(`^PPid:\\s*${parent}$`, "m"));
  });

  test("is nobody where a listener is called something else, or takes no connection", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      expect(await findEngineProcess(socket)).toBeUndefined();
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    expect(await findEngineProcess(`${socket}${"x".repeat(200)}`)).toBeUndefined();
    expect(await findEngineProcess(dockerd)).toBeUndefined();
  });

  test.skipIf(!isRoot)("is, to root, no dockerd of another user, who listens or was given it (needs root)", async () => {
    chmodSync(directory, 0o777);
    const asOther = ["--reuid=4242", "--regid=4242", "--clear-groups", "--"] as const;
    await start("perl", "-e", listens, socket, "setpriv", ...asOther, dockerd, "-e", "sleep 600");
    expect(await findEngineProcess(socket)).toBeUndefined();
    await start("setpriv", ...asOther, dockerd, "-e", listens, join(directory, "own.sock"));
    expect(await findEngineProcess(join(directory, "own.sock"))).toBeUndefined();
  });

  test.skipIf(!isRoot)("is, to root, no dockerd in another user namespace (needs root)", async () => {
    await start("unshare", "--user", "--map-root-user", "--", dockerd, "-e", listens, socket);
    expect(await findEngineProcess(socket)).toBeUndefined();
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot } from "#lab/mount-namespace.ts";
import { findEngineProcess, outermost, parseEngine } from "./engine-process.ts";
import { run } from "./run.ts";

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
  [
    "two of which neither is the other's",
    [
      [70, 1],
      [72, 1],
    ],
    undefined,
  ],
] as const)("of %s, the engine is found", (_, holders, engine) =>
  expect(outermost(new Map(holders.map(([pid, parent]) => [pid, parent])))).toBe(engine),
);

const statusOf = (name: string, users: string) =>
  `Name:\t${name}\nUmask:\t0022\nPid:\t70\nPPid:\t1\nUid:\t${users}\nGid:\t0\t0\t0\t0\n`;

test.each([
  ["dockerd", "0\t0\t0\t0", { parent: 1, users: [0, 0, 0, 0] }],
  ["dockerd", "4242\t0\t0\t0", { parent: 1, users: [4242, 0, 0, 0] }],
  ["dockerd-x", "0\t0\t0\t0", undefined],
  ["x\\nName:\tdockerd", "0\t0\t0\t0", undefined],
] as const)("the status of %s as %s", (name, users, engine) =>
  expect(parseEngine(statusOf(name, users))).toEqual(engine as never),
);

/** Says that it is there, and stays. */
const runs = `$| = 1; print "runs\\n"; sleep 600`;

/**
 * Listens at a path, whoever has listened there before, and says so, or has the program say it that it
 * starts.
 */
const listens = `use Socket; $^F = 255; my ($path, @next) = @ARGV; unlink $path;
  socket(S, PF_UNIX, SOCK_STREAM, 0) or die $!; bind(S, pack_sockaddr_un($path)) or die $!; listen(S, 9) or die $!;
  if (@next) { fork or exec @next or die $!; sleep 600 } ${runs}`;

/**
 * Starts very many processes with as many groups as there can be, and says so: the status of each is half a
 * megabyte.
 */
const crowd = `$) = join " ", 0, 100000 .. 165000; for (1 .. 600) { fork or do { sleep 600; exit } } $| = 1; print "runs\\n"; sleep 600`;

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
    const parent = await start("perl", "-e", listens, socket, dockerd, "-e", runs);
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

  test.skipIf(!isRoot)(
    "is, to root, no dockerd of another user, who listens or was given it (needs root)",
    async () => {
      chmodSync(directory, 0o777);
      const asOther = ["--reuid=4242", "--regid=4242", "--clear-groups", "--"] as const;
      await start("perl", "-e", listens, socket, "setpriv", ...asOther, dockerd, "-e", runs);
      expect(await findEngineProcess(socket)).toBeUndefined();
      await start("setpriv", ...asOther, dockerd, "-e", listens, join(directory, "own.sock"));
      expect(await findEngineProcess(join(directory, "own.sock"))).toBeUndefined();
    },
  );

  test.skipIf(!isRoot)(
    "is, to who is not root, root's or his own, and none where he cannot tell which (needs root)",
    async () => {
      chmodSync(directory, 0o777);
      const as = (user: number) =>
        ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--"] as const;
      // In a network of its own no engine of this host is among them.
      const net = await start("unshare", "--net", "--", "perl", "-e", runs);
      const here = ["nsenter", `--net=/proc/${net}/ns/net`, "--"] as const;
      const find = `const { findEngineProcess } = await import(${JSON.stringify(join(import.meta.dir, "engine-process.ts"))});
      console.log(await findEngineProcess(process.argv.at(-1)));`;
      const foundBy4242 = async (path: string) =>
        (
          await run("nsenter", [...here.slice(1), ...as(4242), process.execPath, "-e", find, path])
        ).stdout.trim();

      await start(...here, ...as(4343), dockerd, "-e", runs);
      await start(
        ...here,
        "sh",
        "-c",
        'umask 0; exec "$@"',
        "sh",
        "perl",
        "-e",
        listens,
        socket,
        dockerd,
        "-e",
        runs,
      );
      const found = await findEngineProcess(socket);
      expect(await Bun.file(`/proc/${found}/status`).text()).toMatch(/^Uid:\s*0\s/m);
      expect(await foundBy4242(socket)).toBe(`${found}`);

      const own = join(directory, "own.sock");
      const pid = await start(...here, ...as(4242), dockerd, "-e", listens, own);
      expect(await foundBy4242(own)).toBe(`${pid}`);

      await start(...here, dockerd, "-e", runs);
      expect(await foundBy4242(socket)).toBe("undefined");
      expect(await findEngineProcess(socket)).toBe(found as number);
    },
  );

  test.skipIf(!isRoot)("is found without a look at the groups of all processes (needs root)", async () => {
    await start("perl", "-e", crowd);
    await start("perl", "-e", listens, socket, dockerd, "-e", runs);
    for (let looks = 0; looks < 2; looks += 1) expect(await findEngineProcess(socket)).toBeGreaterThan(1);
  });

  test.skipIf(!isRoot)("is, to root, no dockerd in another user namespace (needs root)", async () => {
    await start("unshare", "--user", "--map-root-user", "--", dockerd, "-e", listens, socket);
    expect(await findEngineProcess(socket)).toBeUndefined();
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type RunResult, tryRun } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { dist, ensureBuilt } from "#support/berth.ts";
import { errorCode, parseList } from "#support/fleet.ts";
import { canHaveEngines } from "#support/nodes.ts";

const top = resolve(import.meta.dir, "../../..");

/** A lab on a disk of its own, which only its mount namespace has: it goes with its processes. */
const onSmallDisk = `
mount -n -t tmpfs -o size=420m tmpfs "$1"
TMPDIR=$1 exec "$2" "$3" --view v2
`;

describe.skipIf(!canHaveEngines)("an engine whose disk fills (needs root)", () => {
  let directory: string;
  let lab: ChildProcess;
  let socket: string;
  const enter = (...words: readonly string[]): Promise<RunResult> =>
    tryRun("nsenter", [`--target=${lab.pid}`, "--mount", "--wd=/", "--", ...words], {
      env: { PATH: process.env.PATH, HOME: homedir(), TMPDIR: tmpdir(), DOCKER_HOST: socket },
    });
  const docker = (...args: readonly string[]) => enter("/usr/bin/docker", ...args);
  const berth = (...args: readonly string[]) => enter(join(dist, "berth"), ...args);

  beforeAll(async () => {
    await ensureBuilt();
    directory = await mkdtemp(join(tmpdir(), "berth-small-"));
    await mkdir(join(directory, "disk"));
    const words = ["--mount", "--propagation", "private", "sh", "-euc", onSmallDisk, "small"];
    lab = spawn(
      "unshare",
      [...words, join(directory, "disk"), process.execPath, join(top, "scripts/lab.ts")],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const [line] = (await once(lab.stdout ?? lab, "data")) as [Buffer];
    const [, path = "", init = ""] = /DOCKER_HOST=unix:\/\/(\S+).* init (\d+)/.exec(line.toString()) ?? [];
    socket = `unix://${path}`;
    const config = path.replace(/state\/docker\.sock$/, "data/daemon.json");
    const { status } = await berth(
      "install",
      "runtime",
      "--in-place",
      "--engine-config",
      config,
      "--engine-pid",
      init,
    );
    expect(status).toBe(0);
  }, 120_000);
  afterAll(async () => {
    const ended = once(lab, "exit");
    lab.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true });
  }, 60_000);

  test("says that it is full; machines that are there run on, and nothing half-made stays", async () => {
    const image = await labImage("bookworm");
    const first = await berth("up", "web", "--image", image, "--json");
    expect([first.status, first.stdout]).toEqual([0, expect.stringContaining('"running"')]);
    const images = (await docker("images", "--quiet", "--all")).stdout;
    const second = await berth("up", "db", "--image", await labImage("trixie"), "--json");
    expect(errorCode(second.stdout)).toBe("disk-full");
    expect([second.status, second.stdout]).toEqual([1, expect.stringContaining("no space left on device")]);
    expect((await docker("ps", "--all", "--format", "{{.Names}} {{.State}}")).stdout).toBe("web running\n");
    expect((await docker("images", "--quiet", "--all")).stdout).toBe(images);
    expect((await docker("exec", "web", "systemctl", "is-system-running")).stdout).toBe("running\n");
    const again = await berth("up", "web", "--image", image, "--json");
    expect([again.status, parseList(again.stdout).map(({ action }) => action)]).toEqual([0, ["kept"]]);
  }, 120_000);
});

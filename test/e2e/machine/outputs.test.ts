import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry } from "#cli/registry.ts";
import { tryRun } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { dist } from "#support/berth.ts";
import { clean } from "#support/fleet.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });

/** What each command prints, with a status of its own where it is not the one of a lost output. */
const printing: Readonly<Record<string, string>> = {
  up: "up web --image bookworm --json",
  down: "down --help",
  ls: "ls",
  shell: "shell web -- ls /",
  exec: "exec web -- cat /dev/zero",
  console: "console --help",
  logs: "logs web",
  start: "start web --json",
  stop: "stop --help",
  restart: "restart --help",
  rm: "rm --help",
  wait: "wait web --json",
  inspect: "inspect web",
  stats: "stats --json",
  images: "images",
  deploy: "deploy --help",
  loader: "loader image --output -",
  doctor: "doctor",
  engine: "engine status",
  install: "install --help",
  uninstall: "uninstall --help",
  completion: "completion bash",
  schema: "schema",
  help: "help up",
  man: "man",
  version: "version",
  __complete: "__complete machine w",
};
/** The same commands in forms that write in another way. */
const more = [
  "logs --follow web",
  "logs --console web",
  "logs --json web",
  "logs web web",
  "exec --json web -- ls /",
  "ls --json",
  "--version",
  "-v",
];
const lines = [...Object.values(printing), ...more];

describe.skipIf(!canHaveEngines)("an output that cannot be written (needs root)", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-outputs-"));
    const { status, stderr } = await node("one").berth("up web --image bookworm");
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(async () => {
    await clean(node("one"));
    await rm(directory, { recursive: true });
  });
  /**
   * Runs a script for bash; `berth` in it is the built one, `$full` a file on a full disk, `said` prints
   * standard error's sentences.
   */
  const shell = (script: string) => {
    const prelude = `mount -t tmpfs -o size=4k tmpfs "$0" && cd "$0" && full="$0/full" && { cat /dev/zero >"$full" 2>&-; cd /tmp; }`;
    const words = [
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "bash",
      "-c",
      `${prelude}\n${script}`,
      directory,
    ] as const;
    return tryRun(words[0], words.slice(1), {
      env: { PATH: `${dist}:${process.env.PATH}`, HOME: process.env.HOME, DOCKER_HOST: node("one").socket },
    });
  };

  test("every command is in the table", () => {
    expect(Object.keys(printing).toSorted()).toEqual(registry.map(({ name }) => name).toSorted());
  });

  test.each(lines)("a full device ends it with 1 and a sentence: %s", async (line) => {
    const { status, stderr } = await shell(`berth ${line} >/dev/full`);
    expect({ status, said: stderr.match(/^berth: .*/gm) }).toEqual({
      status: 1,
      said: [expect.stringContaining("cannot write standard output: ENOSPC")],
    });
  });

  test.each(lines)("a full disk, which both outputs lead to, ends it with 1: %s", async (line) => {
    expect((await shell(`berth ${line} >>"$full" 2>&1`)).status).toBe(1);
  });

  test.each(lines)("a reader that has gone ends it without a word: %s", async (line) => {
    const gone = 'mkfifo "$0/../$$.fifo"; exec 3<>"$0/../$$.fifo" 4>"$0/../$$.fifo" 3>&-; rm "$0/../$$.fifo"';
    const { stdout, stderr } = await shell(`${gone}; berth ${line} >&4 2> >(grep ^berth: >&2); echo $?`);
    expect({ stdout, stderr }).toEqual({ stdout: "141\n", stderr: "" });
  });

  const listening =
    "until (( 0x$(sed -n 's/^SigCgt:\\t//p' /proc/$!/status) & 0x4000 )); do sleep 0.05; done; sleep 1";
  test.each([
    "logs --follow web",
    "stats --json",
    "exec web -- sleep 1000",
    "exec web -- cat /dev/zero",
    "wait web --for stopped",
  ])("SIGTERM ends it, whether or not somebody reads: %s", async (line) => {
    const script = `mkfifo "$0/../$$.fifo"; exec 3<>"$0/../$$.fifo"; rm "$0/../$$.fifo"; berth ${line} >&3 & ${listening}; kill -TERM $!; wait $!`;
    expect((await shell(script)).status).toBe(130);
    expect((await shell(`berth ${line} >/dev/null & ${listening}; kill -TERM $!; wait $!`)).status).toBe(130);
  });

  test("nor whether the pipe that is its machine file has a writer", async () => {
    const fifo = `"$0/../$$.fifo"`;
    const script = `mkfifo ${fifo}; berth --file ${fifo} up & ${listening}; kill -TERM $!; wait $!; echo $?; rm ${fifo}`;
    expect((await shell(script)).stdout).toBe("130\n");
  }, 30_000);

  // The flags of the open file that the caller goes on with (proc_pid_fdinfo(5)).
  const flags = (descriptor: number) => `sed -n 's/^flags:\\t//p' /proc/self/fdinfo/${descriptor}`;
  test.each(["ls", "logs web", "exec -i web -- true", "inspect web", "logs nosuch"])(
    "a caller's pipes are blocking afterwards: %s",
    async (line) => {
      const { stdout } = await shell(
        `true | { berth ${line} >&1 2>&1; ${flags(0)}; ${flags(1)}; } | tail -n 2`,
      );
      const nonBlocking = stdout
        .trim()
        .split("\n")
        .map((text) => Number.parseInt(text, 8) & 0o4000);
      expect(nonBlocking).toEqual([0, 0]);
    },
  );

  test("and while it runs, also when it is killed", async () => {
    const script = `{ exec 4>&1; berth logs --follow web & until grep -q . "$0/../said.$$"; do sleep 0.05; done; ${flags(4)} >&2; kill -KILL $!; wait $! 2>&-; ${flags(4)} >&2; } | tee "$0/../said.$$" >/dev/null`;
    const { stderr } = await shell(`: >"$0/../said.$$"; ${script}; rm "$0/../said.$$"`);
    const seen = stderr.match(/^0\d+$/gm)?.map((text) => Number.parseInt(text, 8) & 0o4000);
    expect(seen).toEqual([0, 0]);
  });
});

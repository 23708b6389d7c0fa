import { afterAll } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type RunResult, run, tryRun } from "#host/process/run.ts";

const top = resolve(import.meta.dir, "../../..");
/** The built programs: what a user has. */
export const dist = resolve(top, "dist");
const program = resolve(dist, "berth");

/** Makes dist/berth when it is not there; `npm test` has built it before. */
export async function ensureBuilt(): Promise<void> {
  if (!existsSync(program)) await run(process.execPath, [resolve(top, "scripts/build.ts")]);
}

export interface BerthOptions {
  /** The temporary directory by default, so that no machine file is found by chance. */
  readonly cwd?: string;
  /** Laid over a plain user's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What berth keeps for later, such as the inits that `berth ls` has read: not beside what the host has. */
const cache = join(tmpdir(), `berth-cache-${process.pid}`);
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** A user's environment: nothing of this process's own but its paths, and a cache for its tests alone. */
function environment(
  socket: string | undefined,
  own: BerthOptions["env"] = {},
): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: homedir(),
    LANG: "C.UTF-8",
    TMPDIR: tmpdir(),
    BERTH_CACHE: cache,
    ...(socket === undefined ? {} : { DOCKER_HOST: socket }),
    ...own,
  };
}

/** Runs dist/berth against an engine, or against none in particular. Any status is a result. */
export function runBerth(
  socket: string | undefined,
  args: readonly string[],
  options: BerthOptions = {},
): Promise<RunResult> {
  return tryRun(program, args, { cwd: options.cwd ?? tmpdir(), env: environment(socket, options.env) });
}

export interface RunningBerth {
  readonly kill: (signal: NodeJS.Signals) => void;
  /** What it has said so far on standard error. */
  readonly stderr: () => string;
  readonly ended: Promise<RunResult>;
}

/** Starts dist/berth and lets it run, to be interrupted. */
export function startBerth(
  socket: string,
  args: readonly string[],
  options: BerthOptions = {},
): RunningBerth {
  const child = spawn(program, args, {
    cwd: options.cwd ?? tmpdir(),
    env: environment(socket, options.env) as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<RunResult>((done, fail) => {
    child.once("error", fail);
    child.once("close", (status, signal) =>
      done({ status: status ?? (signal === "SIGKILL" ? 137 : 128), stdout, stderr }),
    );
  });
  return { kill: (signal) => void child.kill(signal), stderr: () => stderr, ended };
}

/*
 * Bun's own ways to start a program. berth-runtime, which a `docker run` waits for, uses them:
 * to load node:child_process takes some milliseconds, longer than the programs that it starts.
 */

/** A process with all three standard files as pipes. Throws node's `ENOENT` where it is not installed. */
export const spawnPiped = (command: readonly string[]) =>
  Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });

/** A process in "/" of which only the standard output is read; throws as `spawnPiped` does. */
export const spawnReading = (command: readonly string[]) =>
  Bun.spawn([...command], { stdio: ["ignore", "pipe", "ignore"], cwd: "/" });

/**
 * A program's output, whatever its status; undefined if `timeout` milliseconds run out and kill it. Blocks
 * meanwhile; throws as `spawnPiped` does.
 */
export function readOutput(command: readonly string[], timeout: number): string | undefined {
  const { stdout, exitedDueToTimeout } = Bun.spawnSync([...command], {
    stdio: ["ignore", "pipe", "ignore"],
    env: process.env,
    timeout,
  });
  return exitedDueToTimeout === true ? undefined : stdout.toString();
}

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly status: number | undefined;
  readonly stderr: string;
}

/** Runs a program on this input to its end. Blocks meanwhile; throws as `spawnPiped` does. */
export function runWithInput(command: readonly string[], input: string): Ended {
  const { exitCode, stderr } = Bun.spawnSync([...command], {
    stdio: [Buffer.from(input), "ignore", "pipe"],
    env: process.env,
  });
  return { status: exitCode ?? undefined, stderr: stderr.toString() };
}

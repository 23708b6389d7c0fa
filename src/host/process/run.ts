import { constants } from "node:os";
import { BerthError } from "#errors.ts";
import { spawn } from "./spawn.ts";
import { startError } from "./start-error.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Replaces the whole environment; the caller's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Called with each chunk of standard error as it comes, for progress. */
  readonly onStderr?: (text: string) => void;
}

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program (never through a shell) and waits for it.
 * Throws `tool-missing` when it is not installed, and `tool-failed` when it ends with another status than 0,
 * with the command, its status and the end of its standard error in the details.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await tryRun(command, args, options);
  if (result.status !== 0) {
    const tail = result.stderr.trimEnd().split("\n").slice(-5).join("\n");
    throw new BerthError(
      "tool-failed",
      `${command} failed with status ${result.status}${tail ? `: ${tail}` : ""}`,
      {
        details: { command, args, status: result.status, stderr: result.stderr.slice(-4096) },
      },
    );
  }
  return result;
}

/**
 * Like `run`, but a status other than 0 is a result, not an error. A death by signal N is the status 128 + N.
 */
export function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env as NodeJS.ProcessEnv | undefined,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      signal: options.signal,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      options.onStderr?.(chunk.toString());
    });
    child.once("error", (cause) => {
      const wasInterrupted = cause.name === "AbortError";
      reject(
        wasInterrupted
          ? new BerthError("interrupted", `${command} was interrupted`, { cause })
          : startError(command, cause),
      );
    });
    child.once("close", (status, signal) => {
      resolve({
        status: status ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
    // A program that exits before reading all is fine: judge it by its status.
    child.stdin?.on("error", () => {});
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
}

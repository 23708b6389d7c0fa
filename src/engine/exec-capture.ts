import { createCapture } from "#api/capture.ts";
import type { Engine } from "./connection/engine.ts";
import { inTime } from "./connection/in-time.ts";
import { type CommandOptions, startCommandIn } from "./exec.ts";
import { type SignalOptions, signalExec } from "./signal-exec.ts";

export interface CaptureOptions extends CommandOptions {
  /** Bytes of each output, 1 MiB by default. */
  readonly most?: number;
}

export interface Captured {
  readonly status: number;
  /** Where it was cut its last line says so, as that of `stderr`. */
  readonly stdout: string;
  readonly stderr: string;
  /** The output exceeded the limit, and the command was ended. */
  readonly isCut: boolean;
}

/** Stop waiting for a machine that does not let its command end: its output is discarded anyway. */
async function kill(
  engine: Engine,
  container: string,
  id: string,
  { user, signal }: SignalOptions,
): Promise<void> {
  await inTime(killLimit, signal, (bounded) =>
    signalExec(engine, container, id, "KILL", { user, signal: bounded }),
  );
}

/** The status of what SIGKILL ended. */
const killed = 137;
/** Milliseconds to end a command with too much output. */
const killLimit = 10_000;

/**
 * Runs a command in a container to its end and keeps its output. A status other than 0 is a result, not an
 * error; 126 and 127 also mean that the command cannot run. Kills a command whose output exceeds the limit,
 * since the machine controls it and the memory is ours.
 */
export async function execCapture(
  engine: Engine,
  container: string,
  options: CaptureOptions,
): Promise<Captured> {
  const { most, user, signal } = options;
  const { id, output, status, close } = await startCommandIn(engine, container, options);
  const captures = { stdout: createCapture(most), stderr: createCapture(most) };
  const texts = () => ({ stdout: captures.stdout.text(), stderr: captures.stderr.text() });
  for await (const { stream, data } of output) {
    if (captures[stream].push(data)) continue;
    close();
    await kill(engine, container, id, { user, signal });
    return { status: killed, ...texts(), isCut: true };
  }
  return { status: await status(), ...texts(), isCut: false };
}

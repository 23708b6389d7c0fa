import type { Writable } from "node:stream";
import { type Capture, createCapture } from "#api/capture.ts";
import type { OutputChunk } from "#api/demux.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { createExec, inspectExec, resizeExec, startExec, startExecDetached, waitExec } from "#engine/exec.ts";
import { signalExec } from "#engine/signal-exec.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { engineUser } from "./machine-user.ts";
import { refusedStatus } from "./refused-status.ts";
import { requireRunning } from "./running.ts";

/** A command to run in a machine: words, never a shell's line. */
export interface MachineCommand {
  readonly cmd: readonly string[];
  /** Name or number, with `:group` if wanted; the image's user by default. */
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** `NAME=value`. */
  readonly env?: readonly string[];
  /** Whether it gets a standard input. */
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface TerminalSize {
  readonly height: number;
  readonly width: number;
}

export interface RunningCommand {
  /** Its standard input; `end()` closes that alone. */
  readonly stdin: Writable;
  /** Its output until it ends; all of it is "stdout" with a terminal. Empty if the command could not run. */
  readonly output: AsyncIterable<OutputChunk>;
  /** How it ended; to be asked when the output has. */
  readonly outcome: () => Promise<Outcome>;
  readonly resize: (size: TerminalSize) => Promise<void>;
  /** Sends a signal (example: "INT") to its process group; resolves to whether it was delivered. */
  readonly kill: (name: string) => Promise<boolean>;
  /** Drops the connection; the command may run on. */
  readonly close: () => void;
}

export interface Outcome {
  readonly status: number;
  /**
   * The engine's words when the command could not be run at all; the status is 127 then without its
   * program, else 126.
   */
  readonly refusal?: string;
}

/** Detach keys that no user types: the engine's default, Ctrl-P Ctrl-Q, would hold back a Ctrl-P. */
export const noDetachKeys = "ctrl-^,ctrl-@,ctrl-_";

/** Bytes of the engine's words about a command that it could not run. */
const longestRefusal = 4096;
/** Milliseconds to find out what was refused. */
const refusalMs = 10_000;

/**
 * Starts a command in a running machine. Throws `conflict` when it does not run. `signal` is heeded until the
 * command has started; after that it is the caller's to end it.
 */
export async function openCommand(
  engine: Engine,
  machine: Machine,
  command: MachineCommand,
  signal: AbortSignal,
): Promise<RunningCommand> {
  const id = await prepare(engine, machine, command, signal);
  const closing = new AbortController();
  const session = await startExec(engine, id, { tty: command.tty, signal: closing.signal });
  let refusal: Capture | undefined;

  async function* output(): AsyncGenerator<OutputChunk> {
    let first = true;
    for await (const chunk of session.output) {
      if (first) {
        first = false;
        // The engine reports in the output why it could not run the command.
        const { Running, Pid } = await inspectExec(engine, id, { signal: closing.signal });
        if (!Running && Pid === 0) refusal = createCapture(longestRefusal);
      }
      if (refusal) void refusal.push(chunk.data);
      else yield chunk;
    }
  }

  return {
    stdin: session.duplex,
    output: output(),
    async outcome() {
      const exit = await waitExec(engine, id, closing.signal);
      if (refusal === undefined) return { status: exit };
      const look = (bounded: AbortSignal) =>
        refusedStatus(engine, machine.id, command, { status: exit, signal: bounded });
      const status = await inTime(refusalMs, closing.signal, look);
      return { status: status ?? exit, refusal: refusal.text().trim() };
    },
    resize: (size) => resizeExec(engine, id, { ...size, signal: closing.signal }),
    kill: (name) =>
      signalExec(engine, machine.id, id, name, { user: command.user, signal: AbortSignal.timeout(10_000) }),
    close() {
      closing.abort();
      session.close();
    },
  };
}

/** Starts a command in a running machine and leaves it. Throws `conflict` when it does not run. */
export async function startCommand(
  engine: Engine,
  machine: Machine,
  command: MachineCommand,
  signal: AbortSignal,
): Promise<void> {
  await startExecDetached(engine, await prepare(engine, machine, command, signal), { signal });
}

async function prepare(
  engine: Engine,
  machine: Machine,
  command: MachineCommand,
  signal: AbortSignal,
): Promise<string> {
  requireRunning(machine);
  const { cmd, user, workdir, env = [], stdin, tty } = command;
  const config = {
    Cmd: cmd,
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    Env: env,
    ...(tty && { DetachKeys: noDetachKeys }),
    ...(user !== undefined && { User: await engineUser(engine, machine, user, signal) }),
    ...(workdir !== undefined && { WorkingDir: workdir }),
  };
  return createExec(engine, machine.id, config, { signal });
}

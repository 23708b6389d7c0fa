import { type Capture, createCapture, sizeOf } from "#api/capture.ts";
import { type Context, errorView } from "#cli/frame/context.ts";
import { type Io, write } from "#cli/frame/io.ts";
import { renderError } from "#cli/render/error.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError, hasCode } from "#errors.ts";
import { endCommand } from "#ops/machine/end-command.ts";
import {
  type MachineCommand,
  type Outcome,
  openCommand,
  type RunningCommand,
} from "#ops/machine/machine-command.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { takeTerminal, terminalSize } from "./terminal.ts";

/**
 * Runs a command in a machine and connects its streams with ours; it gets a terminal of its own, and an
 * interruption ends it. Resolves to its exit status, 126 or 127 when it cannot be run, 130 when interrupted.
 * With --json its output is one result instead.
 */
export async function relayCommand(
  context: Context,
  engine: Engine,
  machine: Machine,
  command: MachineCommand,
): Promise<number> {
  const running = await openCommand(engine, machine, command, context.signal);
  const disconnect = connectInput(context.io, running, command);
  const ender = endOnAbort(context, machine, running, command.tty);
  const captured = { stdout: createCapture(longestResult), stderr: createCapture(longestResult) };
  try {
    for await (const { stream, data } of running.output) {
      if (!context.global.json) await write(context.io[stream], data);
      else if (!captured[stream].push(data)) throw saysTooMuch(machine, command);
    }
    const outcome = await running.outcome();
    disconnect();
    if (context.io.signal.aborted) return 130;
    await tellOutcome(context, machine, command, outcome, captured);
    return outcome.status;
  } catch (error) {
    if (context.io.signal.aborted) return 130;
    // The reader of its output has gone, or the disk is full.
    if (!(error instanceof BerthError) || hasCode(error, "tool-failed")) await ender.end("PIPE");
    throw error;
  } finally {
    disconnect();
    await ender.settled();
    running.close();
  }
}

/** Bytes of each output that one result may hold. */
const longestResult = 16 * 1024 * 1024;

function saysTooMuch(machine: Machine, { cmd }: MachineCommand): BerthError {
  return new BerthError(
    "tool-failed",
    `ended ${cmd[0]} in ${machine.name}: it printed more than ${sizeOf(longestResult)}, the limit of --json`,
    {
      hint: "run it without --json: its output then has no limit",
    },
  );
}

/**
 * The signal that ends a command, for the reason why we end: ours for a command without a terminal, else that
 * the terminal hung up.
 */
export function endingSignal(reason: unknown, tty: boolean): string {
  if (tty) return "HUP";
  if (!hasCode(reason, "interrupted")) return "PIPE";
  const { details } = reason;
  const name =
    typeof details === "object" && details !== null && "signal" in details ? details.signal : undefined;
  return typeof name === "string" ? name.replace(/^SIG/, "") : "INT";
}

export interface Ender {
  /** Ends the command with this signal, unless that is under way. */
  end(signal: string): Promise<void>;
  /** When ending it, if that was begun, is over. */
  settled(): Promise<void>;
}

/** Ends the command when we are interrupted, or when the reader of our output has gone. */
export function endOnAbort(
  { signal, warn }: Context,
  machine: Machine,
  running: RunningCommand,
  tty: boolean,
): Ender {
  let ending: Promise<void> | undefined;
  const end = (name: string) => (ending ??= endOrWarn(running, name, machine, warn));
  const onAbort = () => void end(endingSignal(signal.reason, tty));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    end,
    async settled() {
      signal.removeEventListener("abort", onAbort);
      await ending;
    },
  };
}

async function endOrWarn(
  running: RunningCommand,
  signal: string,
  machine: Machine,
  warn: (text: string) => void,
): Promise<void> {
  let reason = "";
  try {
    if (await endCommand(running, signal)) return;
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    reason = `: ${error.message}`;
  } finally {
    running.close();
  }
  warn(`the command may still run in ${machine.name}${reason}`);
}

/** Connects our standard input or the terminal; the returned function undoes it and may be called twice. */
function connectInput(io: Io, running: RunningCommand, { stdin, tty }: MachineCommand): () => void {
  if (!tty) return stdin ? pipeInput(io, running) : () => undefined;
  const resize = (size = terminalSize(io)) => {
    // A command that has just ended has no terminal to resize; anything worse shows in its output.
    running.resize(size).catch(() => undefined);
  };
  if (io.stdoutIsTerminal) resize();
  return stdin ? takeTerminal(io, (bytes) => running.stdin.write(bytes), resize) : io.onResize(resize);
}

function pipeInput(io: Io, running: RunningCommand): () => void {
  const close = () => running.stdin.end();
  io.stdin.on("error", close);
  io.stdin.pipe(running.stdin);
  return () => {
    io.stdin.off("error", close);
    io.stdin.unpipe(running.stdin);
    io.stdin.pause();
  };
}

async function tellOutcome(
  { io, global, result }: Context,
  machine: Machine,
  { cmd }: MachineCommand,
  { status, refusal }: Outcome,
  captured: { readonly stdout: Capture; readonly stderr: Capture },
): Promise<void> {
  if (global.json) {
    const refused = refusal === undefined ? {} : { refusal };
    await result(
      {
        machine: machine.name,
        status,
        stdout: captured.stdout.text(),
        stderr: captured.stderr.text(),
        ...refused,
      },
      () => "",
    );
  } else if (refusal !== undefined) {
    const error = new BerthError("tool-missing", `${machine.name} cannot run ${cmd[0]}: ${refusal}`);
    await write(io.stderr, renderError(error, errorView(io, global)));
  }
}

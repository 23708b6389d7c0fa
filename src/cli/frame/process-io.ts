import { homedir } from "node:os";
import { isatty } from "node:tty";
import { descriptorOutputs } from "./descriptor-outputs.ts";
import type { Io } from "./io.ts";

/** Milliseconds that a reader who takes nothing holds up the end of an interrupted command. */
const patienceMs = 5000;

/**
 * The real process as Io; `signal` is aborted by the caller, who listens to the signals and is told by
 * `outlastSignals` to end nothing by force. `process.stdout` and `process.stderr` are touched where they are
 * terminals alone: see `descriptorOutputs`.
 */
export function processIo(signal: AbortSignal, outlastSignals: () => void): Io {
  const { env } = process;
  const [stdinIsTerminal, stdoutIsTerminal, stderrIsTerminal] = [isatty(0), isatty(1), isatty(2)];
  const size = (side: "columns" | "rows") =>
    (stdoutIsTerminal && process.stdout[side]) || (stderrIsTerminal && process.stderr[side]) || undefined;
  return {
    get stdin() {
      return process.stdin;
    },
    ...descriptorOutputs(signal, patienceMs),
    stdinIsTerminal,
    stdoutIsTerminal,
    stderrIsTerminal,
    // A terminal nobody has given a size says 0.
    columns: () => size("columns") ?? (Number(env.COLUMNS) || 80),
    rows: () => size("rows") ?? (Number(env.LINES) || 24),
    onResize(listener) {
      process.on("SIGWINCH", listener);
      return () => process.off("SIGWINCH", listener);
    },
    env,
    cwd: process.cwd(),
    home: env.HOME || homedir(),
    signal,
    outlastSignals,
    now: () => performance.now(),
    setRawMode: stdinIsTerminal ? (raw) => void process.stdin.setRawMode(raw) : undefined,
  };
}

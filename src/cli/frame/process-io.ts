import { homedir } from "node:os";
import { isatty } from "node:tty";
import { descriptorOutputs } from "./descriptor-outputs.ts";
import type { Io } from "./io.ts";

/** Milliseconds for which a stuck reader may delay the end of an interrupted command. */
const readerTimeoutMs = 5000;

/**
 * The real process as Io; The caller handles signals: it aborts `signal`, and after `outlastSignals` ends
 * nothing by force. Touches `process.stdout` and `process.stderr` only if they are terminals: see
 * `descriptorOutputs`.
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
    ...descriptorOutputs(signal, readerTimeoutMs),
    stdinIsTerminal,
    stdoutIsTerminal,
    stderrIsTerminal,
    // A terminal without a size reports 0.
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

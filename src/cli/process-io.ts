import { homedir } from "node:os";
import type { Io } from "./io.ts";

/** The real process as Io; `signal` is aborted by the caller, who listens to the signals. */
export function processIo(signal: AbortSignal): Io {
  const { stdin, stdout, stderr, env } = process;
  return {
    stdin,
    stdout,
    stderr,
    stdinIsTerminal: stdin.isTTY === true,
    stdoutIsTerminal: stdout.isTTY === true,
    stderrIsTerminal: stderr.isTTY === true,
    // A terminal nobody has given a size says 0.
    columns: () => stdout.columns || stderr.columns || Number(env.COLUMNS) || 80,
    rows: () => stdout.rows || stderr.rows || Number(env.LINES) || 24,
    onResize(listener) {
      process.on("SIGWINCH", listener);
      return () => process.off("SIGWINCH", listener);
    },
    env,
    cwd: process.cwd(),
    home: env.HOME || homedir(),
    signal,
    now: () => performance.now(),
    setRawMode: stdin.isTTY === true ? (raw) => void stdin.setRawMode(raw) : undefined,
  };
}

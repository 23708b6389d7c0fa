import type { Io } from "#cli/frame/io.ts";
import type { TerminalSize } from "#ops/machine/machine-command.ts";

/** Whether standard input and output are terminals. */
export function isInteractive(io: Io): boolean {
  return io.stdinIsTerminal && io.stdoutIsTerminal;
}

export function terminalSize(io: Io): TerminalSize {
  return { height: io.rows(), width: io.columns() };
}

/**
 * Passes every key to `onInput` as it is typed, Ctrl-C too, and calls `onSize` when the size changes. The
 * returned function gives the terminal back as it was; it may be called twice.
 */
export function takeTerminal(
  io: Io,
  onInput: (bytes: Buffer) => void,
  onSize: (size: TerminalSize) => void,
): () => void {
  const giveBack = () => io.setRawMode?.(false);
  const listen = (chunk: Buffer | string) => onInput(Buffer.from(chunk));
  // A second interruption ends the process at once and runs nothing but this.
  process.once("exit", giveBack);
  io.setRawMode?.(true);
  const ignoreSize = io.onResize(() => onSize(terminalSize(io)));
  io.stdin.on("data", listen);
  let taken = true;
  return () => {
    if (!taken) return;
    taken = false;
    ignoreSize();
    io.stdin.off("data", listen);
    io.stdin.pause();
    giveBack();
    process.off("exit", giveBack);
  };
}

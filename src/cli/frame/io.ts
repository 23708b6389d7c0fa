import type { Readable, Writable } from "node:stream";

/** All of the process a command may touch, so that a test can run the whole command line inside itself. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Width of the terminal in cells; 80 where there is none. */
  columns(): number;
  /** Height of the terminal in lines; 24 where there is none. */
  rows(): number;
  /** Calls the listener when the terminal changes its size; the returned function ends that. */
  onResize(listener: () => void): () => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** Aborted by SIGINT, SIGTERM or SIGHUP; the reason is a BerthError `interrupted`. */
  readonly signal: AbortSignal;
  /**
   * From now on no further signal ends the process by force: for a server that ends by itself, however long
   * that takes.
   */
  readonly outlastSignals: () => void;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Absent unless standard input is a terminal. */
  readonly setRawMode: ((raw: boolean) => void) | undefined;
}

/**
 * Writes and waits until the system has taken the text; rejects with the system's error (EPIPE, ENOSPC …).
 */
export function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (text.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * Waits until the system has taken everything written so far; rejects with the first write error.
 */
export function drain(stream: Writable): Promise<void> {
  if (stream.errored) return Promise.reject(stream.errored);
  return new Promise((resolve, reject) => {
    stream.write("", (error) => (error ? reject(stream.errored ?? error) : resolve()));
  });
}

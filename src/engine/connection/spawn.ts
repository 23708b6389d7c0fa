import type { Readable, Writable } from "node:stream";

/**
 * Starts a program with three pipes, in a session of its own when `detached`: `spawn` of `node:child_process`,
 * which a caller gives, since programs are started by `host` alone.
 */
export type Spawn = (
  command: string,
  args: readonly string[],
  options: { readonly stdio: ["pipe", "pipe", "pipe"]; readonly detached: boolean },
) => SpawnedProcess;

/** What is needed of a `ChildProcess`. */
export interface SpawnedProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  kill(): boolean;
  ref(): void;
  unref(): void;
  once(event: "error", listener: (error: Error) => void): unknown;
  once(event: "close", listener: (status: number | null, signal: string | null) => void): unknown;
}

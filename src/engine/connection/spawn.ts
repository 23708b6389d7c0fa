import type { Readable, Writable } from "node:stream";

/**
 * Starts a program with three pipes, in its own session when `detached`: `spawn` of `node:child_process`,
 * passed in, since only `host` may start programs.
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

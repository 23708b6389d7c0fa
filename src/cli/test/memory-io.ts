import { Readable, Writable } from "node:stream";
import type { Io } from "#cli/frame/io.ts";
import { BerthError } from "#errors.ts";

export interface MemoryIoOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly home?: string;
  /** Whether the three streams claim to be a terminal; they do not by default. */
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Standard output fails with EPIPE after this many bytes, as with `| head`. */
  readonly pipeClosesAfter?: number;
}

export interface MemoryIo {
  readonly io: Io;
  /** All that was written so far. */
  stdout(): string;
  stderr(): string;
  /** What SIGINT does. */
  interrupt(): void;
}

/** An Io of memory streams for tests: `run(argv, memoryIo().io)` touches nothing of the real process. */
export function memoryIo(options: MemoryIoOptions = {}): MemoryIo {
  const out: string[] = [];
  const err: string[] = [];
  const interruption = new AbortController();
  const terminal = options.terminal ?? false;
  const io: Io = {
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdout: sink(out, options.pipeClosesAfter),
    stderr: sink(err, undefined),
    stdinIsTerminal: terminal,
    stdoutIsTerminal: terminal,
    stderrIsTerminal: terminal,
    columns: () => options.columns ?? 80,
    rows: () => options.rows ?? 24,
    onResize: () => () => undefined,
    env: options.env ?? {},
    cwd: options.cwd ?? "/",
    home: options.home ?? "/root",
    signal: interruption.signal,
    outlastSignals: () => undefined,
    now: () => performance.now(),
    setRawMode: terminal ? () => undefined : undefined,
  };
  return {
    io,
    stdout: () => out.join(""),
    stderr: () => err.join(""),
    interrupt: () => interruption.abort(new BerthError("interrupted", "interrupted by SIGINT")),
  };
}

function sink(into: string[], limit: number | undefined): Writable {
  let taken = 0;
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      taken += chunk.length;
      if (limit !== undefined && taken > limit) {
        done(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }));
      } else {
        into.push(chunk.toString());
        done();
      }
    },
  });
}

import { write as writeDescriptor } from "node:fs";
import { Writable } from "node:stream";
import { hasErrno } from "#host/syscall/errno.ts";

/** Bytes of one write(2): a pipe without room for all of them counts as stuck. */
const pieceLength = 64 * 1024;
/** Poll interval (ms) for an output that another program has made non-blocking. */
const pollIntervalMs = 5;

/**
 * Standard output and standard error, in the order in which both are written to. A thread writes, which may
 * wait for the reader. `process.stdout` would set O_NONBLOCK instead: that is a property of the open file,
 * which our caller and the programs beside us have too, and which outlives us (open(2), fcntl(2)). After
 * `signal` is aborted, a write fails that a stuck reader does not take within `timeout` milliseconds.
 */
export function descriptorOutputs(
  signal: AbortSignal,
  timeout: number,
): { readonly stdout: Writable; readonly stderr: Writable } {
  let last: Promise<void> = Promise.resolve();
  const queue = (): Turn => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn = { come: last, pass: resolve };
    last = last.then(() => promise);
    return turn;
  };
  const output = (descriptor: number) =>
    new DescriptorOutput((bytes) => writeAll(descriptor, bytes, signal, timeout), queue);
  return { stdout: output(1), stderr: output(2) };
}

/** A place in the order of all writes: to be waited for, and passed on. */
interface Turn {
  readonly come: Promise<void>;
  readonly pass: () => void;
}

class DescriptorOutput extends Writable {
  readonly #turns: Turn[] = [];
  readonly #take: (bytes: Buffer) => Promise<void>;
  readonly #queue: () => Turn;

  constructor(take: (bytes: Buffer) => Promise<void>, queue: () => Turn) {
    super();
    this.#take = take;
    this.#queue = queue;
  }

  /** Queues before the stream's own buffer, which knows nothing of the other stream. */
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    this.#turns.push(this.#queue());
    const isTaken = super.write(chunk, encoding as BufferEncoding, callback as () => void);
    if (this.destroyed) this.#passAll();
    return isTaken;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const turn = this.#turns.shift() ?? this.#queue();
    turn.come
      .then(() => this.#take(chunk))
      .finally(turn.pass)
      .then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#passAll();
    done(error);
  }

  #passAll(): void {
    for (const { pass } of this.#turns.splice(0)) pass();
  }
}

async function writeAll(
  descriptor: number,
  bytes: Buffer,
  signal: AbortSignal,
  timeout: number,
): Promise<void> {
  for (let rest = bytes; rest.length > 0; )
    rest = rest.subarray(await writePiece(descriptor, rest.subarray(0, pieceLength), signal, timeout));
}

/** Resolves to how many bytes were taken. */
function writePiece(
  descriptor: number,
  bytes: Buffer,
  signal: AbortSignal,
  timeout: number,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hurry = () => {
    timer = setTimeout(() => reject(notTaken(descriptor)), timeout);
  };
  if (signal.aborted) hurry();
  else signal.addEventListener("abort", hurry, { once: true });
  let again: ReturnType<typeof setTimeout> | undefined;
  const attempt = () =>
    writeDescriptor(descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (hasErrno(error, ["EAGAIN"])) again = setTimeout(attempt, pollIntervalMs);
      else if (error) reject(error);
      else resolve(written);
    });
  attempt();
  return promise.finally(() => {
    clearTimeout(timer);
    clearTimeout(again);
    signal.removeEventListener("abort", hurry);
  });
}

/** The error of a write to a pipe whose reader has gone (EPIPE). */
function notTaken(descriptor: number): Error {
  return Object.assign(new Error(`the reader of descriptor ${descriptor} is stuck`), {
    code: "EPIPE",
    syscall: "write",
  });
}

import { answered, calls, EAGAIN, EINTR, EINVAL, ENODEV, ENOENT } from "#host/syscall/mirror-calls.ts";
import type { IdRange } from "#linux/id-range.ts";
import { answer } from "./answer.ts";
import { isEngine } from "./engine-thread.ts";
import type { Exchange } from "./exchange.ts";
import { statistics } from "./node-requests.ts";
import { opcodes, Reply, Request, requestSize } from "./protocol.ts";
import { Tree } from "./tree.ts";

/** A request is answered before the next is read. */
const buffer = Buffer.alloc(requestSize);
const request = new Request(buffer);
const reply = new Reply();

/** What became of looking for a request. */
export type Served = "answered" | "idle" | "gone";

/** Reads the next request: its length, or a negated errno. */
function readRequest(device: number): number {
  const length = answered(calls.read(device, buffer, buffer.length));
  if (length >= 0) request.begin(length);
  return length;
}

function send(device: number, unique: bigint, length: number): void {
  const whole = length < 0 ? reply.end(unique, 0, length) : reply.end(unique, length);
  // ENOENT: the request was withdrawn, so no process misses the answer.
  calls.write(device, reply.bytes, whole);
}

/**
 * Answers the first request of a new mirror, for which its readers wait. False if it is not mounted any more.
 */
export function agree(device: number): boolean {
  const length = readRequest(device);
  if (length === -ENODEV) return false;
  if (length < 0) throw new Error(`/dev/fuse: errno ${-length}`);
  if (request.opcode !== opcodes.init)
    throw new Error(`/dev/fuse: the first request has opcode ${request.opcode}`);
  // Versions before 7 have other structures.
  send(device, request.unique, request.u32(0) < 7 ? -EINVAL : reply.init(request.u32(12)));
  return true;
}

/** What a connection is between. */
export interface Connected {
  readonly device: number;
  /** The root directory of the mount that is shown. */
  readonly root: number;
  readonly range: IdRange;
  /** The number of the first node, none of which another connection had; see `Tree`. */
  readonly first: number;
  /** Whether a decoy shows it. */
  readonly isDecoy?: boolean;
  readonly changedBack?: () => void;
}

/**
 * The kernel's end of a mirror, an open /dev/fuse that `agree` was called for, and the machine's files that
 * it shows.
 */
export class Connection {
  readonly #device: number;
  readonly #tree: Tree;
  readonly #exchange: Exchange;
  #asking: { readonly unique: bigint; readonly thread: number }[] = [];

  constructor({ device, root, range, first, isDecoy = false, changedBack }: Connected) {
    this.#device = device;
    this.#tree = new Tree(root, range, first, changedBack);
    this.#exchange = { tree: this.#tree, range, isDecoy, request, reply };
  }

  /** Whether files are held that are to be closed after a while. */
  get isHolding(): boolean {
    return !this.#tree.held.isEmpty;
  }

  letGo(): void {
    this.#tree.held.letGo();
  }

  /** Whether the engine has something open. */
  get isInUse(): boolean {
    return this.#tree.nodes.opened > 0;
  }

  /**
   * A thread of an engine's that asks which kind of file system this is, and is not answered yet: unless that
   * is an overlay, it mounts its own there. `answerEngine` lets it go on.
   */
  get engine(): number | undefined {
    return this.#asking[0]?.thread;
  }

  answerEngine(): void {
    for (const { unique } of this.#asking) send(this.#device, unique, statistics(this.#tree, reply));
    this.#asking = [];
  }

  /** Answers a request, if there is one. "gone" if the mirror is not mounted any more. */
  serve(): Served {
    const length = readRequest(this.#device);
    if (length === -ENODEV) return "gone";
    // None after all; or it was withdrawn, or a signal came (fuse(4)).
    if (length === -EAGAIN || length === -ENOENT || length === -EINTR) return "idle";
    if (length < 0) throw new Error(`/dev/fuse: errno ${-length}`);
    if (request.opcode === opcodes.statfs && isEngine(request.thread)) {
      this.#asking.push({ unique: request.unique, thread: request.thread });
      return "answered";
    }
    const answerLength = answer(this.#exchange);
    if (answerLength !== undefined) send(this.#device, request.unique, answerLength);
    return "answered";
  }
}

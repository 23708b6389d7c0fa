import { answered, calls, EAGAIN, EINTR, EINVAL, ENODEV, ENOENT } from "#host/syscall/mirror-calls.ts";
import type { IdRange } from "#linux/id-range.ts";
import { answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { opcodes, Reply, Request, requestSize } from "./protocol.ts";
import { Tree } from "./tree.ts";

/** A request is answered before the next is read. */
const buffer = Buffer.alloc(requestSize);
const request = new Request(buffer);
const reply = new Reply();

/** What became of looking for a request. */
export type Served = "answered" | "idle" | "gone";

/** The length of the next request, or a negated errno. */
const read = (device: number): number => answered(calls.read(device, buffer, buffer.length));

function send(device: number, length: number): void {
  const whole = length < 0 ? reply.end(request.unique, 0, length) : reply.end(request.unique, length);
  // ENOENT: the request was withdrawn, so no process misses the answer.
  calls.write(device, reply.bytes, whole);
}

/**
 * Answers the first request of a new mirror, for which its readers wait. False if it is not mounted any more.
 */
export function agree(device: number): boolean {
  const length = read(device);
  if (length === -ENODEV) return false;
  if (length < 0) throw new Error(`/dev/fuse: errno ${-length}`);
  request.begin(length);
  if (request.opcode !== opcodes.init)
    throw new Error(`/dev/fuse: the first request has opcode ${request.opcode}`);
  // Versions before 7 have other structures.
  send(device, request.u32(0) < 7 ? -EINVAL : reply.init(request.u32(12)));
  return true;
}

/**
 * The kernel's end of a mirror, an open /dev/fuse that `agree` was called for, and the machine's files that
 * it shows.
 */
export class Connection {
  readonly #device: number;
  readonly #tree: Tree;
  readonly #exchange: Exchange;

  /**
   * The root directory of the mount that is shown, by a descriptor; `first` is the number of the first node,
   * none of which another connection had; see `Tree`.
   */
  constructor(device: number, root: number, range: IdRange, first: number, changedBack?: () => void) {
    this.#device = device;
    this.#tree = new Tree(root, range, first, changedBack);
    this.#exchange = { tree: this.#tree, range, request, reply };
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

  /** Answers a request, if there is one. "gone" if the mirror is not mounted any more. */
  serve(): Served {
    const length = read(this.#device);
    if (length === -ENODEV) return "gone";
    // None after all; or it was withdrawn, or a signal came (fuse(4)).
    if (length === -EAGAIN || length === -ENOENT || length === -EINTR) return "idle";
    if (length < 0) throw new Error(`/dev/fuse: errno ${-length}`);
    request.begin(length);
    const answerLength = answer(this.#exchange);
    if (answerLength !== undefined) send(this.#device, answerLength);
    return "answered";
  }
}

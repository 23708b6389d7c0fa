import type { IdRange } from "../../oci/user-namespace.ts";
import { again, answer } from "./answer.ts";
import { answered, calls, EAGAIN, EINTR, ENODEV, ENOENT } from "./calls.ts";
import { EndOfFileSystem } from "./end-of-file-system.ts";
import type { Exchange } from "./exchange.ts";
import { Reply, Request, requestSize } from "./protocol.ts";
import { Tree } from "./tree.ts";

/** One for all mirrors: a request is answered before the next is read. */
const buffer = Buffer.alloc(requestSize);
const request = new Request(buffer);
const reply = new Reply();

/** What became of looking for a request. */
export type Served = "answered" | "idle" | "gone";

/** The kernel's end of a mirror, an open /dev/fuse, and the machine's files that it shows. */
export class Connection {
  readonly #device: number;
  readonly #tree: Tree;
  readonly #exchange: Exchange;
  /** Requests that wait for somebody's lease to be taken, as they were read. */
  #waiting: Buffer[] = [];

  /** Owns both descriptors from now on: the device, and the root directory of the mount that is shown. */
  constructor(device: number, root: number, range: IdRange) {
    this.#device = device;
    this.#tree = new Tree(root, range);
    this.#exchange = { tree: this.#tree, range, request, reply };
  }

  get device(): number {
    return this.#device;
  }

  /** Whether something waits to be tried again. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether something is held that is to be let go after a while. */
  get isHolding(): boolean {
    return !this.#tree.held.isEmpty;
  }

  letGo(): void {
    this.#tree.held.letGo();
  }

  /** Answers a request, if there is one. "gone" when the mirror is no longer mounted. */
  serve(): Served {
    const length = answered(calls.read(this.#device, buffer, buffer.length));
    if (length === -ENODEV) return "gone";
    // None after all; or it was withdrawn, or a signal came (fuse(4)).
    if (length === -EAGAIN || length === -ENOENT || length === -EINTR) return "idle";
    if (length < 0) throw new Error(`/dev/fuse: errno ${-length}`);
    this.#respond(length);
    return "answered";
  }

  /** Tries again what somebody's lease was in the way of. */
  retry(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) {
      bytes.copy(buffer);
      this.#respond(bytes.length);
    }
  }

  /** Another mirror of the same files, for another open /dev/fuse. */
  again(device: number): Connection {
    return new Connection(device, calls.dup(this.#tree.root), this.#exchange.range);
  }

  /** Says when the machine's files are mounted nowhere any more. */
  watchEnd(): EndOfFileSystem | undefined {
    return EndOfFileSystem.of(this.#tree.root);
  }

  close(): void {
    calls.close(this.#device);
    this.#tree.close();
  }

  #respond(length: number): void {
    request.begin(length);
    const answerLength = answer(this.#exchange);
    if (answerLength === undefined) return;
    if (answerLength === again) {
      this.#waiting.push(Buffer.from(buffer.subarray(0, length)));
      return;
    }
    const whole = answerLength < 0 ? reply.end(request.unique, 0, answerLength) : reply.end(request.unique, answerLength);
    // An answer that nobody waits for any more (ENOENT) is none that is missed.
    calls.write(this.#device, reply.bytes, whole);
  }
}

import { chmodSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answered, calls, EAGAIN, EINTR } from "#host/syscall/mirror-calls.ts";
import { tryLockFile } from "#host/syscall/syscalls.ts";
import { mirrorDirectory, mirrorSocket } from "#oci/machine-state.ts";
import { mirrorAddress } from "./address.ts";

const [unixFamily, stream, nonBlocking, closeOnExec] = [1, 1, 0x800, 0x80000];
/** Limit in bytes for a request's line. */
const longest = 1 << 20;

/**
 * The socket for mirror requests, in a directory that only root may enter (unix(7)); undefined while another
 * server owns it. Throws if it cannot be created.
 */
export function listen(): number | undefined {
  mkdirSync(mirrorDirectory, { recursive: true, mode: 0o700 });
  chmodSync(mirrorDirectory, 0o700);
  // Never closed: the lock is this process's.
  if (!tryLockFile(openSync(join(mirrorDirectory, "lock"), "a", 0o600))) return undefined;
  rmSync(mirrorSocket, { force: true });
  const address = mirrorAddress();
  const socket = answered(calls.socket(unixFamily, stream | nonBlocking | closeOnExec, 0));
  const steps = [
    () => socket,
    () => answered(calls.bind(socket, address, address.length)),
    () => answered(calls.listen(socket, 128)),
  ];
  for (const step of steps) {
    const result = step();
    if (result < 0) throw new Error(`${mirrorSocket}: errno ${-result}`);
  }
  return socket;
}

/** A client: sends one line, receives one line. */
export class Caller {
  readonly file: number;
  #text = "";

  private constructor(file: number) {
    this.file = file;
  }

  /** The next one that waits at the socket; undefined when none does. */
  static accept(socket: number): Caller | undefined {
    const file = answered(calls.accept4(socket, null, null, nonBlocking | closeOnExec));
    return file < 0 ? undefined : new Caller(file);
  }

  /** The line, once it is whole; undefined until then, null when none will come. */
  read(): string | undefined | null {
    const chunk = Buffer.alloc(65_536);
    for (;;) {
      const length = answered(calls.read(this.file, chunk, chunk.length));
      if (length === -EAGAIN) return undefined;
      if (length === -EINTR) continue;
      if (length <= 0 || this.#text.length > longest) return null;
      this.#text += chunk.toString("utf8", 0, length);
      const end = this.#text.indexOf("\n");
      if (end !== -1) return this.#text.slice(0, end);
    }
  }

  /** Answers and hangs up. Who has gone meanwhile misses nothing. */
  answer(error?: string): void {
    const bytes = Buffer.from(`${JSON.stringify(error === undefined ? {} : { error })}\n`);
    calls.write(this.file, bytes, bytes.length);
    this.close();
  }

  close(): void {
    calls.close(this.file);
  }
}

import { abortConnection } from "#host/namespace/fuse-connection.ts";
import { answered, calls } from "#host/syscall/mirror-calls.ts";
import type { IdRange } from "#linux/id-range.ts";
import { agree } from "./connection.ts";
import { EndOfFileSystem } from "./end-of-file-system.ts";
import type { MountedMirror } from "./mounts.ts";
import type { OwnProcess } from "./own-process.ts";
import { startServing } from "./served.ts";

/** poll(2) */
const [readable, failing] = [1, 8];
/** fcntl(2): F_DUPFD_CLOEXEC. */
const duplicateClosing = 1030;

/**
 * A mirror that is mounted, with the files that it shows. Who answers for them is started when something is
 * asked, and ends by himself.
 */
export class ShownFiles {
  readonly #device: number;
  readonly #fileSystem: string | undefined;
  readonly #root: number;
  readonly #range: IdRange;
  readonly #isDecoy: boolean;
  #server: OwnProcess | undefined;
  #isOpen = true;

  /**
   * Owns both descriptors from now on, unless it throws: the mirror's, and the root directory of the mount
   * that is shown.
   */
  constructor({ device, fileSystem }: MountedMirror, root: number, range: IdRange, isDecoy = false) {
    this.#device = device;
    this.#fileSystem = fileSystem;
    this.#root = root;
    this.#range = range;
    this.#isDecoy = isDecoy;
    agree(device);
  }

  /**
   * What can be read from when `act` is to be called: the kernel asks something, or who answers has ended.
   */
  get file(): number {
    return this.#server?.ended ?? this.#device;
  }

  /**
   * Lets its process answer requests. False if the mirror is not mounted any more or its process has failed:
   * then drop it, as when this throws.
   */
  act(): boolean {
    // What was to be looked at may have been closed since.
    if (!this.#isOpen) return true;
    if (this.#server !== undefined) {
      const done = this.#server.hasDone();
      if (done !== undefined) this.#server = undefined;
      // What it had taken and not answered would be waited for without end.
      if (done !== true) return done === undefined;
    }
    const events = this.#events();
    if ((events & failing) !== 0) return false;
    if ((events & readable) !== 0)
      this.#server = startServing({
        device: this.#device,
        root: this.#root,
        range: this.#range,
        isDecoy: this.#isDecoy,
      });
    return true;
  }

  #events(): number {
    const polled = new Int32Array([this.#device, readable]);
    calls.poll(polled, 1, 0);
    return (polled[1] ?? 0) >>> 16;
  }

  /** Whether this process answers for it. */
  isServedBy(pid: number): boolean {
    return this.#server?.pid === pid;
  }

  /** Whether a process is answering, which `isStuck` must watch. */
  get isAnswering(): boolean {
    return this.#server !== undefined;
  }

  /** Whether an answer takes too long and its process cannot be killed. Call it each second. */
  isStuck(): boolean {
    return this.#server?.isStuck() ?? false;
  }

  /** Another mirror of these files. */
  again(mirror: MountedMirror): ShownFiles {
    return this.#another(mirror, false);
  }

  /** Another mirror of these files, for a decoy to show. */
  asDecoy(mirror: MountedMirror): ShownFiles {
    return this.#another(mirror, true);
  }

  #another(mirror: MountedMirror, isDecoy: boolean): ShownFiles {
    // No other machine's process may keep it.
    const root = answered(calls.fcntl(this.#root, duplicateClosing, 0));
    if (root < 0) throw new Error(`fcntl: errno ${-root}`);
    try {
      return new ShownFiles(mirror, root, this.#range, isDecoy);
    } catch (error) {
      calls.close(root);
      throw error;
    }
  }

  /** Watches for the end of the machine's file system. */
  watchEnd(): EndOfFileSystem | undefined {
    return EndOfFileSystem.of(this.#root);
  }

  /**
   * Aborts the connection, which releases blocked readers. Closing does so too, except while a stuck process
   * has /dev/fuse open.
   */
  abort(): void {
    // Once it is mounted nowhere, another file system may have its number.
    if (this.#server === undefined || this.#fileSystem === undefined || (this.#events() & failing) !== 0)
      return;
    abortConnection(this.#fileSystem);
  }

  /** Ends the mirror, wherever it is still mounted. The process that is left, to be reaped. */
  close(): OwnProcess | undefined {
    this.#isOpen = false;
    this.#server?.kill();
    calls.close(this.#device);
    calls.close(this.#root);
    return this.#server;
  }
}

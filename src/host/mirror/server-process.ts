import { readFileSync } from "node:fs";
import { isToEnd } from "#host/process/process-stat.ts";
import { addressOf, answered, calls, pidfdOpenNumber } from "#host/syscall/mirror-calls.ts";
import type { IdRange } from "#linux/id-range.ts";

/** fcntl(2): F_SETFD, FD_CLOEXEC. */
const [setFlags, closeOnExec] = [2, 1];
/** waitpid(2), signal(7) */
const [noHang, killSignal] = [1, 9];

/** A process that was killed ends within a few milliseconds. */
const longestEndMs = 900;

/** What the process is called with, as numbers in words: see `parseServed`. */
export interface Served {
  readonly device: number;
  readonly root: number;
  readonly range: IdRange;
  /** The process that starts it, with which it ends. */
  readonly parent: number;
}

/** The words after `berth runtime mirror`. */
const wordsOf = ({ device, root, range, parent }: Served) =>
  [device, root, range.base, range.count, parent].map(String);

/** What these words say; undefined for others. */
export function parseServed(words: readonly string[]): Served | undefined {
  const numbers = words.map((word) => (/^\d{1,10}$/.test(word) ? Number(word) : undefined));
  const [device, root, base, count, parent] = numbers;
  if (numbers.length !== 5 || device === undefined || root === undefined) return undefined;
  if (base === undefined || count === undefined || parent === undefined) return undefined;
  return { device, root, range: { base, count }, parent };
}

/**
 * A process that serves one machine's files. A machine can block its files' readers, by a lock or a throttle:
 * then it blocks only this process.
 */
export class ServerProcess {
  readonly #pid: number;
  #toEndSince: number | undefined;
  /** Can be read from (poll(2)) once the process has ended: a pidfd (pidfd_open(2)). */
  readonly ended: number;

  private constructor(pid: number) {
    this.#pid = pid;
    this.ended = answered(calls.syscall(pidfdOpenNumber, pid, 0, 0, 0, 0));
    if (this.ended >= 0) return;
    // It has just begun, and waits for nothing yet.
    this.kill();
    calls.waitpid(pid, new Int32Array(1), 0);
    throw new Error(`pidfd_open: errno ${-this.ended}`);
  }

  /**
   * It inherits only the two descriptors (posix_spawn(3)). It runs the same program as this process, even if
   * that was replaced or removed meanwhile.
   */
  static start(served: Omit<Served, "parent">): ServerProcess {
    const words = [...ownCommand(), "runtime", "mirror", ...wordsOf({ ...served, parent: process.pid })].map(
      cString,
    );
    const pointers = new BigUint64Array([...words.map((word) => BigInt(addressOf(word))), 0n]);
    const none = new BigUint64Array([0n]);
    const pid = new Int32Array(1);
    const inherited = [served.device, served.root];
    for (const file of inherited) calls.fcntl(file, setFlags, 0);
    const error = calls.posix_spawn(pid, cString("/proc/self/exe"), null, null, pointers, none);
    for (const file of inherited) calls.fcntl(file, setFlags, closeOnExec);
    if (error !== 0) throw new Error(`posix_spawn: errno ${error}`);
    return new ServerProcess(pid[0] ?? 0);
  }

  /** Whether it has ended by itself, as it does when nothing more is asked; undefined while it runs. */
  hasDone(): boolean | undefined {
    const status = new Int32Array(1);
    if (answered(calls.waitpid(this.#pid, status, noHang)) === 0) return undefined;
    calls.close(this.ended);
    return status[0] === 0;
  }

  /**
   * Whether it is to end and has not for a while: what it waits for in the kernel no signal ends. Its alarm
   * is one that does not end it either. To be asked again and again.
   */
  isStuck(now = performance.now()): boolean {
    if (!isToEnd(readFileSync(`/proc/${this.#pid}/stat`, "utf8"))) return false;
    this.#toEndSince ??= now;
    return now - this.#toEndSince >= longestEndMs;
  }

  /** Kills it, whatever it waits for. Does not wait for its end, which may take a moment. */
  kill(): void {
    calls.kill(this.#pid, killSignal);
  }
}

/** The one compiled program has its sources within itself; as sources they are a program of Bun's. */
const ownCommand = () =>
  Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];

const cString = (text: string) => Buffer.from(`${text}\0`);

import { readFileSync } from "node:fs";
import { isToEnd } from "#host/process/process-stat.ts";
import { addressOf, answered, calls, pidfdOpenNumber } from "#host/syscall/mirror-calls.ts";

/** fcntl(2): F_SETFD, FD_CLOEXEC. */
const [setFlags, closeOnExec] = [2, 1];
/** waitpid(2), signal(7) */
const [noHang, killSignal] = [1, 9];

/** A process that was killed ends within a few milliseconds. */
const longestEndMs = 900;

/** A process of this same program that does for this one what may have to wait. */
export class OwnProcess {
  readonly pid: number;
  #toEndSince: number | undefined;
  #isDone: boolean | undefined;
  /** Can be read from (poll(2)) once the process has ended: a pidfd (pidfd_open(2)). */
  readonly ended: number;

  private constructor(pid: number) {
    this.pid = pid;
    this.ended = answered(calls.syscall(pidfdOpenNumber, pid, 0, 0, 0, 0));
    if (this.ended >= 0) return;
    // It has just begun, and waits for nothing yet.
    this.kill();
    calls.waitpid(pid, new Int32Array(1), 0);
    throw new Error(`pidfd_open: errno ${-this.ended}`);
  }

  /**
   * Starts `berth runtime` with these words. It inherits only these descriptors (posix_spawn(3)). It runs the
   * same program as this process, even if that was replaced or removed meanwhile.
   */
  static start(runtimeWords: readonly string[], inherited: readonly number[]): OwnProcess {
    const words = [...ownCommand(), "runtime", ...runtimeWords].map(cString);
    const pointers = new BigUint64Array([...words.map((word) => BigInt(addressOf(word))), 0n]);
    const none = new BigUint64Array([0n]);
    const pid = new Int32Array(1);
    for (const file of inherited) calls.fcntl(file, setFlags, 0);
    const error = calls.posix_spawn(pid, cString("/proc/self/exe"), null, null, pointers, none);
    for (const file of inherited) calls.fcntl(file, setFlags, closeOnExec);
    if (error !== 0) throw new Error(`posix_spawn: errno ${error}`);
    return new OwnProcess(pid[0] ?? 0);
  }

  /** Whether it has ended by itself, as it does when nothing more is asked; undefined while it runs. */
  hasDone(): boolean | undefined {
    if (this.#isDone !== undefined) return this.#isDone;
    const status = new Int32Array(1);
    if (answered(calls.waitpid(this.pid, status, noHang)) === 0) return undefined;
    calls.close(this.ended);
    this.#isDone = status[0] === 0;
    return this.#isDone;
  }

  /**
   * Whether it is to end and has not for a while: what it waits for in the kernel no signal ends. Its alarm
   * is one that does not end it either. To be asked again and again.
   */
  isStuck(now = performance.now()): boolean {
    if (!isToEnd(readFileSync(`/proc/${this.pid}/stat`, "utf8"))) return false;
    this.#toEndSince ??= now;
    return now - this.#toEndSince >= longestEndMs;
  }

  /** Kills it, whatever it waits for. Does not wait for its end, which may take a moment. */
  kill(): void {
    calls.kill(this.pid, killSignal);
  }
}

/**
 * Has the kernel end this process with its parent, until it is another user once; it ends at once when the
 * parent is gone already.
 */
export function endWith(parent: number): void {
  const setDeathSignal = 1;
  calls.prctl(setDeathSignal, killSignal, 0, 0, 0);
  if (calls.getppid() !== parent) calls.kill(process.pid, killSignal);
}

/** The one compiled program has its sources within itself; as sources they are a program of Bun's. */
const ownCommand = () =>
  Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];

const cString = (text: string) => Buffer.from(`${text}\0`);

import { writeFileSync } from "node:fs";
import { Connection } from "#host/mirror/connection.ts";
import type { Served } from "#host/mirror/server-process.ts";
import { readMonotonicClock } from "#host/process/monotonic-clock.ts";
import { calls } from "#host/syscall/mirror-calls.ts";

/** poll(2) */
const readable = 1;
/** prctl(2), capabilities(7): capabilities stay when the file system's user changes. */
const [setSecureBits, noSetuidFixup] = [28, 4];
/** prctl(2), signal(7) */
const [setDeathSignal, killSignal] = [1, 9];
/** Milliseconds after which files that the engine has looked at are closed, and an idle process ends. */
const [holdMs, idleMs] = [100, 5_000];
/**
 * Limit in seconds for one answer: then SIGALRM ends this process, and readers get an error. If a wait in the
 * kernel keeps it alive, the server notices. Longer than the time to break a lease
 * (/proc/sys/fs/lease-break-time).
 */
const longestAnswer = 60;
/**
 * How long to poll for the next request after an answer, and how much of that without yielding to other
 * processes.
 */
const [nextRequestMs, aloneMs] = [0.2, 0.06];

/**
 * Serves one machine's files, one request after the other, until it is idle with no open file, the mirror is
 * unmounted, or its parent has ended. Its successor knows none of its nodes and numbers its own differently:
 * the kernel looks names up again.
 */
export function serveFiles({ device, root, range, parent }: Served): void {
  calls.umask(0);
  calls.prctl(setSecureBits, noSetuidFixup, 0, 0, 0);
  const tie = () => endWith(parent);
  tie();
  // Kill this process first when memory is short: its table of names grows with use. Readers get an error,
  // and it starts again.
  writeFileSync("/proc/self/oom_score_adj", "1000");
  calls.alarm(longestAnswer);
  const connection = new Connection(device, root, range, firstNode(), tie);
  const polled = new Int32Array([device, readable]);
  for (;;) {
    calls.alarm(0);
    const limit = connection.isHolding ? holdMs : connection.isInUse ? -1 : idleMs;
    const isAsked = calls.poll(polled, 1, limit) > 0;
    if (!isAsked && limit === idleMs) return;
    // Closing held files may take as long as an answer.
    calls.alarm(longestAnswer);
    if (isAsked && !answerAll(connection)) return;
    connection.letGo();
  }
}

/**
 * Has the kernel end this process with its parent, until it is another user once; it ends at once when the
 * parent is gone already.
 */
function endWith(parent: number): void {
  calls.prctl(setDeathSignal, killSignal, 0, 0, 0);
  if (calls.getppid() !== parent) calls.kill(process.pid, killSignal);
}

/**
 * Answers until requests pause: a process that walks a tree asks again at once, and a wake-up costs more than
 * an answer. False when the mirror is unmounted.
 */
function answerAll(connection: Connection): boolean {
  const begin = performance.now();
  for (
    let last = begin, now = begin;
    now - last < nextRequestMs && now - begin < holdMs;
    now = performance.now()
  ) {
    const served = connection.serve();
    if (served === "gone") return false;
    if (served === "answered") last = performance.now();
    else if (now - last > aloneMs) calls.sched_yield();
  }
  return true;
}

/** Higher than any of an earlier process: none makes four million in a second. */
const firstNode = () => Math.ceil(readMonotonicClock() / 1000) * 0x40_0000;

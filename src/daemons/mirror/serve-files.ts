import { writeFileSync } from "node:fs";
import { Connection } from "#host/mirror/connection.ts";
import { endWith } from "#host/mirror/own-process.ts";
import type { Served } from "#host/mirror/served.ts";
import { tellOfEngine } from "#host/mirror/tell-of-engine.ts";
import { readMonotonicClock } from "#host/process/monotonic-clock.ts";
import { calls } from "#host/syscall/mirror-calls.ts";

/** poll(2) */
const readable = 1;
/** prctl(2), capabilities(7): capabilities stay when the file system's user changes. */
const [setSecureBits, noSetuidFixup] = [28, 4];
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
 * the kernel looks names up again. An engine that asks which file system this is waits for a decoy.
 */
export function serveFiles({ device, root, range, parent, isDecoy }: Served): void {
  calls.umask(0);
  calls.prctl(setSecureBits, noSetuidFixup, 0, 0, 0);
  const tie = () => endWith(parent);
  tie();
  // Kill this process first when memory is short: its table of names grows with use. Readers get an error,
  // and it starts again.
  writeFileSync("/proc/self/oom_score_adj", "1000");
  calls.alarm(longestAnswer);
  const connection = new Connection({ device, root, range, first: firstNode(), isDecoy, changedBack: tie });
  // poll(2) passes over a negative descriptor.
  const polled = new Int32Array([device, readable, -1, readable]);
  for (;;) {
    calls.alarm(0);
    const isWaiting = polled[2] !== -1;
    const limit = connection.isHolding ? holdMs : connection.isInUse || isWaiting ? -1 : idleMs;
    if (calls.poll(polled, 2, limit) <= 0 && limit === idleMs) return;
    // Closing held files may take as long as an answer.
    calls.alarm(longestAnswer);
    if (hasEvents(polled, 0) && !answerAll(connection)) return;
    if (isWaiting && hasEvents(polled, 1)) {
      calls.close(polled[2] ?? -1);
      polled[2] = -1;
      connection.answerEngine();
    } else if (!isWaiting && connection.engine !== undefined) {
      polled[2] = tellOfEngine(connection.engine) ?? -1;
      if (polled[2] === -1) connection.answerEngine();
    }
    connection.letGo();
  }
}

/** What poll(2) has said of one descriptor. */
const hasEvents = (polled: Int32Array, index: number) => (polled[2 * index + 1] ?? 0) >>> 16 !== 0;

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

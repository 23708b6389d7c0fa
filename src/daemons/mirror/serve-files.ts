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
/**
 * What the engine has looked at is let go after so many milliseconds, and this process ends when nothing was
 * asked for.
 */
const [holdMs, idleMs] = [100, 5_000];
/**
 * Seconds that one answer may take; then this process ends (SIGALRM), and whoever waits is told that the
 * mirror is gone. Where what it waits for lets it not end, the server sees that it is to. More than a lease
 * is given to be broken (/proc/sys/fs/lease-break-time).
 */
const longestAnswer = 60;
/**
 * How long the next request is looked for after an answer; and for how much of it alone, before others are
 * let run in between.
 */
const [nextRequestMs, aloneMs] = [0.2, 0.06];

/**
 * Answers for one machine's files, one request after the other, until nothing is asked for a while and
 * nothing is open, the mirror is no longer mounted, or its parent has ended. Whoever takes its turn later
 * knows none of its nodes, and has numbers of his own for others: the kernel looks names up again.
 */
export function serveFiles({ device, root, range, parent }: Served): void {
  calls.umask(0);
  calls.prctl(setSecureBits, noSetuidFixup, 0, 0, 0);
  const tie = () => endWith(parent);
  tie();
  // What it keeps of names grows with what is looked at, and it may end at any moment: whoever looks is told
  // so, and it comes again.
  writeFileSync("/proc/self/oom_score_adj", "1000");
  calls.alarm(longestAnswer);
  const connection = new Connection(device, root, range, firstNode(), tie);
  const polled = new Int32Array([device, readable]);
  for (;;) {
    calls.alarm(0);
    const limit = connection.isHolding ? holdMs : connection.isInUse ? -1 : idleMs;
    const isAsked = calls.poll(polled, 1, limit) > 0;
    if (!isAsked && limit === idleMs) return;
    // To close what was held may take as long as an answer.
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
 * Answers until nobody asks for a moment: whoever walks a tree asks again as soon as he has an answer, and to
 * be woken each time takes longer than the answers. False when the mirror is no longer mounted.
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

import { call, libc } from "#host/syscall/libc.ts";

const clockMonotonic = 1;

/**
 * Milliseconds of CLOCK_MONOTONIC (clock_gettime(2)): since about the host's boot, without suspended time,
 * never set, and the same for all processes.
 */
export function readMonotonicClock(): number {
  const time = new BigInt64Array(2);
  call("clock_gettime", (given) => libc.clock_gettime(clockMonotonic, given.bytes(time)));
  const [seconds = 0n, nanoseconds = 0n] = time;
  return Number(seconds) * 1000 + Math.floor(Number(nanoseconds) / 1_000_000);
}

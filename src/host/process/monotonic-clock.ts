import { call, libc } from "#host/syscall/libc.ts";

const clockMonotonic = 1;

/**
 * The host's clock that nobody sets (clock_gettime(2), CLOCK_MONOTONIC), in milliseconds since about its
 * boot, times in which the host was suspended left out. All processes have the same.
 */
export function readMonotonicClock(): number {
  const time = new BigInt64Array(2);
  call("clock_gettime", (given) => libc.clock_gettime(clockMonotonic, given.bytes(time)));
  const [seconds = 0n, nanoseconds = 0n] = time;
  return Number(seconds) * 1000 + Math.floor(Number(nanoseconds) / 1_000_000);
}

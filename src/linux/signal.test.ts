import { expect, test } from "bun:test";
import { parseStopSignal } from "./signal.ts";

test.each([
  ["rtmin+3", 37],
  ["SIGRTMIN+3", 37],
  ["RTMIN", 34],
  ["RTMAX-1", 63],
  ["37", 37],
  ["term", 15],
  ["SIGINT", 2],
  [" PWR ", 30],
])("%s is %d", (text, number) => expect(parseStopSignal(text)).toBe(number));

test.each(["", "0", "65", "RTMIN-1", "RTMAX+1", "SIGNAL", "TERM;reboot", "--privileged", "RTMIN+", "3.5"])(
  "%p is none",
  (text) => expect(() => parseStopSignal(text)).toThrow(/invalid signal/),
);

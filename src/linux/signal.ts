import { usageError } from "#usage.ts";

/** Linux signal numbers of the names that people stop things with (signal(7), x86 and Arm). */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};

const rtmin = 34;
const rtmax = 64;

/** A signal's number: `37`, `TERM`, `SIGTERM`, `rtmin+3`, `SIGRTMAX-1`; engines refuse some of the names. */
export function parseStopSignal(text: string): number {
  const name = text
    .trim()
    .toUpperCase()
    .replace(/^SIG(?=[A-Z])/, "");
  const number = /^\d+$/.test(name) ? Number(name) : (numbers[name] ?? realTime(name));
  if (number === undefined || number < 1 || number > rtmax)
    throw usageError(`invalid signal "${text}" (example: SIGTERM, RTMIN+3, or a number from 1 to ${rtmax})`);
  return number;
}

function realTime(name: string): number | undefined {
  const match = /^(RTMIN|RTMAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (match === null) return undefined;
  const number = (match[1] === "RTMIN" ? rtmin : rtmax) + Number(`${match[2] ?? ""}${match[3] ?? 0}`);
  return number < rtmin ? undefined : number;
}

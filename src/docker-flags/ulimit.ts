import type { Ulimit } from "#api/host-config.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { parseChoice, parseInteger } from "./literal.ts";

/** Those of getrlimit(2) that docker has names for. */
const names = [
  ...["core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"],
  ...["rss", "rtprio", "rttime", "sigpending", "stack"],
];

/** `--ulimit`: `NAME=SOFT[:HARD]`, -1 for none. */
export function parseUlimitFlag(text: string): Ulimit {
  const match = /^([^=]+)=([^:]+)(?::([^:]+))?$/.exec(text);
  if (match === null) throw invalid("ulimit", text, "NAME=SOFT[:HARD]; example: nofile=1024:2048");
  const [, name = "", soft = "", hard = soft] = match;
  const limit = { Name: parseChoice(name, names), Soft: parseInteger(soft), Hard: parseInteger(hard) };
  if (limit.Hard !== -1 && (limit.Soft === -1 || limit.Soft > limit.Hard)) {
    throw invalid("ulimit", text, "example: nofile=1024:2048; the soft limit exceeds the hard limit");
  }
  return limit;
}

import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPlainFile } from "#host/files/plain-file.ts";
import { readOutput } from "#host/process/spawn-quick.ts";
import { parseRealRuntime, type RealRuntime } from "#oci/real-runtime.ts";

/** Milliseconds; it takes some twenty. */
const longestAnswer = 5_000;

/**
 * Which runtime a program is, by its name or path; undefined if it does not say, or does not exist. Asks it
 * once: `directory` keeps its answer for as long as the program stays the same file. Silence is no answer:
 * the host may have been too busy for one.
 */
export function readRealRuntime(
  program: string,
  directory: string,
  limitMs = longestAnswer,
): RealRuntime | undefined {
  const path = Bun.which(program);
  if (path === null) return undefined;
  const { dev, ino, size, ctimeMs } = statSync(path);
  const identity = `${path} ${dev}:${ino} ${size} ${ctimeMs}`;
  const place = join(directory, "real-runtime");
  const [kept, ...lines] = readPlainFile(place)?.text.split("\n") ?? [];
  if (kept === identity) return parseRealRuntime(lines.join("\n"));
  const answer = readOutput([path, "--version"], limitMs)?.slice(0, 1024);
  if (!answer) return undefined;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  // Another start may read or write it at the same time.
  writeFileSync(`${place}.${process.pid}`, `${identity}\n${answer}`);
  renameSync(`${place}.${process.pid}`, place);
  return parseRealRuntime(answer);
}

import { homedir } from "node:os";
import { cacheDirectory } from "#plan/image/cache.ts";

/** The directory in which the caller's berth keeps what it can make again. */
export function callersCache(env: Readonly<Record<string, string | undefined>>): string {
  return cacheDirectory(env, process.getuid?.() ?? -1, env.HOME || homedir());
}

import { homedir } from "node:os";
import type { Context } from "#cli/frame/context.ts";
import { cacheDirectory } from "#plan/image/cache.ts";

/** The directory in which the caller's berth keeps what it can make again. */
export function ownCache({ io: { env } }: Context): string {
  return cacheDirectory(env, process.getuid?.() ?? -1, env.HOME || homedir());
}

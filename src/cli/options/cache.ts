import type { Context } from "#cli/frame/context.ts";
import { callersCache } from "#image/build/callers-cache.ts";

/** `callersCache` by the command's environment. */
export function ownCache({ io: { env } }: Context): string {
  return callersCache(env);
}

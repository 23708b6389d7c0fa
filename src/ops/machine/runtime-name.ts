import type { SystemInfo } from "#api/system.ts";
import { runtimeName } from "./application.ts";

/**
 * Whether the engine's runtime of that name is berth-runtime: by its name, or by the program registered for
 * it.
 */
export function isBerthRuntime(info: SystemInfo, name: string): boolean {
  const runtime = Object.hasOwn(info.Runtimes, name) ? info.Runtimes[name] : undefined;
  if (runtime === undefined) return false;
  return name === runtimeName || /(^|\/)berth-runtime$/.test(runtime.path ?? "");
}

import type { SystemInfo } from "#api/system.ts";

/** The name under which `berth install runtime` registers berth-runtime. */
export const runtimeName = "berth";

/** Whether the engine runs every machine by berth-runtime. */
export function hasRuntime(info: SystemInfo): boolean {
  return Object.hasOwn(info.Runtimes, runtimeName);
}

/**
 * Whether the engine's runtime of that name is berth-runtime: by its name, or by the program registered for
 * it.
 */
export function isBerthRuntime(info: SystemInfo, name: string): boolean {
  const runtime = Object.hasOwn(info.Runtimes, name) ? info.Runtimes[name] : undefined;
  if (runtime === undefined) return false;
  return name === runtimeName || /(^|\/)berth-runtime$/.test(runtime.path ?? "");
}

/**
 * The runtime of an engine that is berth-runtime: its default one before that of the usual name, before
 * others.
 */
export function findBerthRuntime(info: SystemInfo): string | undefined {
  const names = Object.keys(info.Runtimes).filter((name) => isBerthRuntime(info, name));
  return [info.DefaultRuntime, runtimeName].find((name) => names.includes(name)) ?? names[0];
}

import type { Contract } from "#contract/contract.ts";
import { isForRuntime } from "#oci/image-request.ts";

/** What is for the runtime is not for the machine. */
export function patchEnvironment(env: readonly string[], contract: Contract): string[] {
  const nameOf = (entry: string) => entry.split("=", 1)[0] ?? entry;
  const kept = env.filter(
    (entry) => !Object.hasOwn(contract.environment, nameOf(entry)) && !isForRuntime(entry),
  );
  const names = new Set(kept.map(nameOf));
  const added = {
    ...Object.fromEntries(Object.entries(contract.defaultEnvironment).filter(([name]) => !names.has(name))),
    ...contract.environment,
  };
  return [...kept, ...Object.entries(added).map(([name, value]) => `${name}=${value}`)];
}

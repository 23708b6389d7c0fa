/** A runtime that berth-runtime stands in front of, by what its `--version` says. */
export interface RealRuntime {
  readonly name: "runc" | "crun";
  readonly version: readonly [number, number, number];
}

/**
 * Reads the output of `runc --version` or `crun --version`. Undefined for others: a wrapper names the runtime
 * that it calls, which may change without it.
 */
export function parseRealRuntime(output: string): RealRuntime | undefined {
  const found = /^(runc|crun) version (\d+)\.(\d+)(?:\.(\d+))?/.exec(output);
  if (found === null) return undefined;
  const [, name, ...version] = found;
  const [major = 0, minor = 0, patch = 0] = version.map((part) => Number(part ?? 0));
  return { name: name === "crun" ? "crun" : "runc", version: [major, minor, patch] };
}

/**
 * Whether it reads a user namespace's mappings at its path. runc does since 1.1.11, and warns of mappings
 * besides, which later releases may refuse (https://github.com/opencontainers/runc/commit/ebcef3e651e61aeee96546301d8db9e92b505ce6).
 */
export function readsMappings(runtime: RealRuntime | undefined): boolean {
  return runtime?.name === "runc" && isSince(runtime, [1, 1, 11]);
}

/** Whether its `exec` has the option --cgroup: runc since 1.1, crun since 1.3. */
export function entersSubcgroups(runtime: RealRuntime | undefined): boolean {
  return runtime !== undefined && isSince(runtime, runtime.name === "runc" ? [1, 1, 0] : [1, 3, 0]);
}

function isSince({ version }: RealRuntime, first: RealRuntime["version"]): boolean {
  const at = version.findIndex((part, index) => part !== first[index]);
  return at === -1 || (version[at] ?? 0) > (first[at] ?? 0);
}

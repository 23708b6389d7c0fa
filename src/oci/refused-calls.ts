import type { OciConfig } from "./config.ts";

const ENOSYS = 38;

/**
 * The system calls that a container's seccomp profile refuses by name, also under a condition (OCI
 * runtime-spec, config-linux.md, seccomp). Unnamed calls do not count, nor does clone3 with ENOSYS, by which
 * engines make programs fall back to clone, whose flags a filter can see
 * (https://github.com/moby/moby/pull/42681).
 */
export function refusedCalls({ linux }: OciConfig): readonly string[] {
  return (linux?.seccomp?.syscalls ?? []).flatMap(({ names, action, errnoRet }) => {
    if (action === "SCMP_ACT_ALLOW" || action === "SCMP_ACT_LOG") return [];
    return names.filter((name) => !(name === "clone3" && errnoRet === ENOSYS));
  });
}

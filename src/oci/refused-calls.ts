import type { OciConfig } from "./config.ts";

const ENOSYS = 38;

/**
 * The system calls that a container's seccomp profile names and does not allow, be it under a condition alone
 * (OCI runtime-spec, config-linux.md, seccomp). What it merely does not name is no refusal of anybody's, nor
 * is clone3 with ENOSYS: by that engines keep programs to clone, whose flags a filter can see.
 */
export function refusedCalls({ linux }: OciConfig): readonly string[] {
  return (linux?.seccomp?.syscalls ?? []).flatMap(({ names, action, errnoRet }) => {
    if (action === "SCMP_ACT_ALLOW" || action === "SCMP_ACT_LOG") return [];
    return names.filter((name) => !(name === "clone3" && errnoRet === ENOSYS));
  });
}

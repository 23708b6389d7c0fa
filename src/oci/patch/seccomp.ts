import type { Contract } from "#contract/contract.ts";
import type { OciConfig } from "#oci/config.ts";

type Seccomp = NonNullable<NonNullable<OciConfig["linux"]>["seccomp"]>;
type SeccompRule = NonNullable<Seccomp["syscalls"]>[number];

const ENOSYS = 38;

export function patchSeccomp(seccomp: Seccomp, { systemCalls, unknownSystemCalls }: Contract): Seccomp {
  const rules = withoutConditions(seccomp.syscalls ?? [], systemCalls);
  const named = new Set(rules.flatMap((rule) => rule.names));
  const unknown = unknownSystemCalls.filter((name) => !named.has(name));
  return {
    ...seccomp,
    syscalls: [
      ...rules,
      { names: [...systemCalls], action: "SCMP_ACT_ALLOW" },
      ...(unknown.length > 0 ? [{ names: unknown, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS }] : []),
    ],
  };
}

/**
 * Remove rules that refuse these calls or allow them conditionally: they would contradict the rule that
 * allows them.
 */
function withoutConditions(rules: readonly SeccompRule[], names: readonly string[]): readonly SeccompRule[] {
  return rules.flatMap((rule) => {
    if (rule.action === "SCMP_ACT_ALLOW" && rule.args === undefined) return [rule];
    const kept = rule.names.filter((name) => !names.includes(name));
    return kept.length === 0 ? [] : [{ ...rule, names: kept }];
  });
}

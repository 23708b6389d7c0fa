import { expect, test } from "bun:test";
import { checkPrograms } from "./host-programs.ts";

const none = { readOnly: false, fapolicyd: false, nvidia: false };

test.each([
  ["an ordinary host", none, []],
  ["a read-only /usr", { ...none, readOnly: true }, [["install-place", "warn"]]],
  ["fapolicyd", { ...none, fapolicyd: true }, [["fapolicyd", "warn"]]],
  ["NVIDIA's driver", { ...none, nvidia: true }, [["gpu", "ok"]]],
] as const)("%s", (_, programs, found) => {
  const checks = checkPrograms({ programs });
  expect(checks.map(({ id, status }) => [id, status])).toEqual(found as never);
  for (const { status, hint } of checks) expect(hint === undefined).toBe(status === "ok");
});

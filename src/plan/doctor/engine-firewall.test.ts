import { expect, test } from "bun:test";
import { checkEngineFirewall } from "./engine-firewall.ts";

test.each([
  ["none that is seen", undefined, []],
  ["none", "open", []],
  ["one that lets nothing in", "closed", [["engine-firewall", "warn", true]]],
  ["one that lets in a mark", { value: 1, mask: 1 }, [["engine-firewall", "ok", false]]],
] as const)("%s", (_, wall, found) => {
  const checks = checkEngineFirewall(wall).map(({ id, status, hint }) => [id, status, hint !== undefined]);
  expect(checks).toEqual(found as never);
});

import { expect, test } from "bun:test";
import { checkLiveRestore } from "./live-restore.ts";

test.each([
  ["off", false, false, []],
  ["on, the unit there", true, true, [["live-restore", "ok", false]]],
  ["on, without the unit", true, false, [["live-restore", "warn", true]]],
  ["on, without systemd", true, undefined, []],
] as const)("%s", (_, liveRestore, stopUnit, found) => {
  const checks = checkLiveRestore({ liveRestore }, { stopUnit });
  expect(checks.map(({ id, status, hint }) => [id, status, hint !== undefined])).toEqual(found as never);
});

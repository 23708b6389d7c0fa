import { expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import type { MachineOutcome } from "#ops/task/each-machine.ts";
import { worstStatus } from "./exit-status.ts";
import { outcomeErrors, outcomesToJson } from "./outcomes.ts";

const fine: MachineOutcome = {
  name: "web",
  changed: true,
  state: "running",
  failedUnits: [],
  error: undefined,
};
const degraded: MachineOutcome = {
  ...fine,
  name: "db",
  state: "degraded",
  failedUnits: [{ unit: "x.service", description: "X", lines: ["no"] }],
};
const broken = (code: "engine-api" | "not-found"): MachineOutcome => ({
  ...fine,
  state: "failed",
  error: new BerthError(code, "oh", { hint: "h" }),
});

test.each([
  [[fine], undefined],
  [[broken("engine-api"), fine], 1],
  [[broken("engine-api"), broken("not-found")], 4],
  [[degraded, broken("engine-api")], 5],
  [[broken("engine-api"), degraded], 5],
  [[{ ...fine, state: "skipped" }, broken("not-found")], 4],
] as const)("the worst of %#", (outcomes, status) => expect(worstStatus(outcomes)).toBe(status));

test("a degraded boot brings its units and where to look", () => {
  const [error] = outcomeErrors([degraded]);
  expect(error).toMatchObject({
    code: "boot-degraded",
    hint: expect.stringContaining("berth exec db systemctl status x.service"),
    details: { units: degraded.failedUnits },
  });
});

test("errors become plain records", () => {
  const [one] = outcomesToJson([broken("engine-api")]);
  expect(JSON.parse(JSON.stringify(one))).toEqual({
    name: "web",
    changed: true,
    state: "failed",
    failedUnits: [],
    error: { code: "engine-api", message: "oh", hint: "h" },
  });
});

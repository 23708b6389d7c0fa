import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ensureBuilt } from "#support/berth.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { columns } from "../../../fidelity/columns.ts";
import { rootTarball } from "../../../fidelity/roots.ts";
import { rows } from "../../../fidelity/rows.ts";
import { measureView } from "../../../fidelity/view.ts";

/** What nobody's user namespace passes: the kernel asks for CAP_SYS_NICE of the host (sched(7)). */
const refusedToAll = ["nice"];

/** Limits of units take their controllers, which only cgroup v2 hands down. */
const needController = rows.filter(({ controller }) => controller !== undefined).map(({ id }) => id);

describe.skipIf(!canHaveEngines)("what units and administrators need, in profile full (needs root)", () => {
  setDefaultTimeout(170_000);
  // The root is built, the first time, as useLab's are.
  beforeAll(async () => {
    if (!canHaveEngines) return;
    await ensureBuilt();
    await rootTarball();
  }, 600_000);

  test.each(["hybrid", "v2"] as const)(
    "works on %s, as far as no package must be installed for it",
    async (view) => {
      const chosen = rows.filter(
        ({ id, packages }) =>
          packages === undefined && !refusedToAll.includes(id) && !needController.includes(id),
      );
      const { table } = await measureView({
        view,
        rows: chosen,
        columns: columns.filter(({ id }) => id === "full"),
        signal: new AbortController().signal,
        watch: () => undefined,
      });
      const cells = table.cells.get("full") ?? [];
      expect(
        chosen.map(({ id }, index) => `${id}: ${cells[index]?.verdict} ${cells[index]?.reason}`),
      ).toEqual(chosen.map(({ id }) => `${id}: yes `));
    },
  );
});

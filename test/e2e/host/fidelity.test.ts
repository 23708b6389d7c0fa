import { describe, expect, test } from "bun:test";
import { patient } from "#lab/wait-for.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";
import { columns } from "../../../fidelity/columns.ts";
import { hostPlace } from "../../../fidelity/host-place.ts";
import { rows } from "../../../fidelity/rows.ts";
import { measureView } from "../../../fidelity/view.ts";

useNodes({ nodes: { host: {} }, images: {} });

describe.skipIf(!isVmHost)("what units and administrators need (needs the VM's host)", () => {
  test(
    "profile full does what systemd-nspawn does, as far as no package must be installed for it",
    async () => {
      const chosen = rows.filter(({ packages }) => packages === undefined);
      const { signal } = new AbortController();
      const { table } = await measureView({
        view: "v2",
        rows: chosen,
        columns: columns.filter(({ id }) => id === "full" || id === "nspawn"),
        place: await hostPlace(signal),
        signal,
        watch: () => undefined,
      });
      const passed = (column: string) =>
        chosen.flatMap(({ id }, index) => (table.cells.get(column)?.[index]?.verdict === "yes" ? [id] : []));
      expect(passed("full")).toEqual(expect.arrayContaining(passed("nspawn")));
      expect(passed("nspawn").length).toBeGreaterThan(chosen.length / 2);
    },
    patient(300_000),
  );
});

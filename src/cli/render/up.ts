import type { View } from "#cli/frame/context.ts";
import type { MachineUp } from "#ops/machine/machine-up.ts";
import { formatDuration } from "./duration.ts";
import { renderError } from "./error.ts";
import { renderFailedUnits } from "./failed-units.ts";
import { type Column, renderTable } from "./table.ts";
import { plainText } from "./text.ts";

const columns: readonly Column<MachineUp>[] = [
  { header: "NAME", value: (machine) => machine.name },
  { header: "STATE", value: (machine) => machine.state, paint: paintState },
  { header: "ADDRESS", value: (machine) => machine.address ?? "" },
  { header: "INIT", value: (machine) => machine.init ?? "" },
  {
    header: "BOOT",
    value: (machine) => (machine.bootMs === undefined ? "" : formatDuration(machine.bootMs)),
  },
];

/** The machines after `up`, then what each that is degraded or failed has to say. */
export function renderUp(machines: readonly MachineUp[], view: View): string {
  const table = renderTable(columns, machines, { width: view.width, style: view.style });
  const troubles = machines.flatMap((machine) => {
    if (machine.error !== undefined) return [renderError(machine.error, view)];
    if (machine.failedUnits.length === 0) return [];
    return [`${plainText(machine.name)} is degraded:\n${renderFailedUnits(machine.failedUnits, view)}`];
  });
  return table + troubles.join("");
}

function paintState(text: string, machine: MachineUp, style: View["style"]): string {
  if (machine.state === "running" || machine.state === "started") return style.green(text);
  return machine.state === "degraded" ? style.yellow(text) : style.red(text);
}

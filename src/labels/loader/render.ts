import { machineKeys } from "#machinefile/keys/machine.ts";
import { hyphened, type MachineKey, type MachineKeys } from "#machinefile/keys/machine-key.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { renderList } from "#machinefile/value/list.ts";
import { renderTmpfs } from "#machinefile/value/tmpfs.ts";

const prefix = "berth.loader.";

/** The labels of a service's container by which its loader makes this machine. The machine has a root. */
export function renderLoaderLabels(
  machine: MachineSpec,
  keys: MachineKeys = machineKeys,
): Readonly<Record<string, string>> {
  const fields: Readonly<Record<string, unknown>> = { ...machine, ...differing(machine) };
  const rows = Object.entries(keys).map(([key, row]) => [key, row, fields[row.field]] as const);
  // As berth has always written them: in another order a deploy would take them for a change, and restart the
  // machine.
  const firstOf = ([key]: (typeof rows)[number]) => (key === "shm_size" ? 0 : 1);
  const flags = rows
    .toSorted((one, other) => firstOf(one) - firstOf(other))
    .flatMap(([, { label }, value]) =>
      label?.form === "flags" && value !== undefined ? label.render(value) : [],
    );
  const labels = [
    ["machine", machine.name] as const,
    ...rows.flatMap(([key, row, value]) => {
      const text = renderLabel(row, value);
      return text === undefined ? [] : [[hyphened(key), text] as const];
    }),
    ...(flags.length === 0 ? [] : [["args", renderList(flags)] as const]),
    ...Object.entries(machine.environment).map(([name, value]) => [`environment.${name}`, value] as const),
  ];
  return Object.fromEntries(labels.map(([key, value]) => [prefix + key, value]));
}

/** What labels have otherwise than MachineSpec. */
function differing(machine: MachineSpec) {
  const tmpfs = Object.entries(renderTmpfs(machine)).map(([target, options]) => ({
    target,
    options: options === "" ? [] : [options],
  }));
  // Each variable has a label of its own, which holds any text.
  return { tmpfs, environment: undefined };
}

function renderLabel({ label }: MachineKey, value: unknown): string | undefined {
  if (label === undefined || label.form === "flags" || value === undefined) return undefined;
  const { render = String } = label;
  if (label.form === "value") return render(value);
  return Array.isArray(value) && value.length > 0
    ? renderList(value.map((entry) => render(entry)))
    : undefined;
}

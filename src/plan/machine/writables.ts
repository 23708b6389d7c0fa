import { bindsOf } from "./binds.ts";
import type { ObservedContainer, Step } from "./up.ts";

/** A path of the host that a machine may write to. */
export interface Writable {
  readonly machine: string;
  readonly source: string;
}

/** The paths that the machines to create, and all existing ones of any file, may write to. */
export function writables(steps: readonly Step[], there: readonly ObservedContainer[]): readonly Writable[] {
  const planned = steps.flatMap((step) => {
    if (step.do !== "create") return [];
    const { machine } = step;
    return bindsOf(machine).flatMap(({ source, readOnly }) =>
      readOnly ? [] : [{ machine: machine.name, source }],
    );
  });
  return [
    ...planned,
    ...there.flatMap(({ ours, name, writes }) =>
      ours ? writes.map((source) => ({ machine: name, source })) : [],
    ),
  ];
}

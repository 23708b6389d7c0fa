import type { ContainerSummary } from "#api/container.ts";
import { initFromLabels } from "#labels/machine.ts";

/** Machines of one image and one command, whose labels do not tell their init. */
export interface UnlabelledMachines {
  /** The image's id. */
  readonly image: string;
  readonly command: readonly string[];
  /** Ids. */
  readonly containers: readonly string[];
}

/** Groups machines by what decides which init they have. */
export function unlabelledInits(containers: readonly ContainerSummary[]): readonly UnlabelledMachines[] {
  const unlabelled = containers.filter(({ Labels }) => initFromLabels(Labels) === undefined);
  const groups = Map.groupBy(unlabelled, ({ ImageID, Command }) => `${ImageID} ${Command}`);
  return [...groups.values()].map((group) => ({
    image: group[0]?.ImageID ?? "",
    // The engine joins the words by blanks.
    command: (group[0]?.Command ?? "").split(" "),
    containers: group.map(({ Id }) => Id),
  }));
}

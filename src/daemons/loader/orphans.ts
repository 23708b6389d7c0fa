import type { ContainerSummary } from "../../engine/container-types.ts";
import { listContainers } from "../../engine/containers.ts";
import type { Engine } from "../../engine/engine.ts";
import { containerName } from "../../ops/machines.ts";
import { label } from "../../plan/labels.ts";
import type { HolderState } from "../../plan/loader/lease.ts";

/** A machine of a loader. */
export interface Orphan {
  readonly loader: string;
  readonly machine: string;
  readonly guard: string;
}

/** What is left on this engine of machines that have neither a loader nor a guard any more; also where it is a stopped guard alone. */
export async function findOrphans(engine: Engine, signal: AbortSignal): Promise<readonly Orphan[]> {
  const containers = await listContainers(engine, { all: true, signal });
  const running = new Set(containers.filter(({ State }) => State === "running").map(({ Id }) => Id));
  const guarded = new Set(containers.filter(lives).map(({ Labels }) => Labels[label.guard]));
  return containers.flatMap((container) => {
    const { [label.loader]: machineOf, [label.guard]: guardOf } = container.Labels;
    const loader = machineOf ?? guardOf;
    if (loader === undefined || running.has(loader) || guarded.has(loader)) return [];
    const base = containerName(container).replace(/\.(app|guard)$/, "");
    return [{ loader, machine: `${base}.app`, guard: `${base}.guard` }];
  });
}

/** What has become of the machine of that name, which once took a folder on this engine. */
export async function holderState(engine: Engine, machine: string, signal: AbortSignal): Promise<HolderState> {
  const containers = await listContainers(engine, { all: true, signal });
  const base = machine.replace(/\.app$/, "");
  const named = (name: string) => containers.find((container) => containerName(container) === name);
  if (named(base)?.State === "running") return "alive";
  const guard = named(`${base}.guard`);
  if (guard !== undefined && lives(guard)) return "leaving";
  // Without a guard nobody tidies up after a machine but whoever comes next, which is not before it has the folder.
  return named(machine)?.State === "running" ? "leaving" : "gone";
}

/** Whether a guard is at work, or will be in a moment. One that is merely created is started by its loader alone, if that runs. */
function lives({ State }: ContainerSummary): boolean {
  return State === "running" || State === "restarting";
}

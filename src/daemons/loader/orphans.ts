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
}

/** The machines of this engine that have neither a loader nor a guard any more. */
export async function findOrphans(engine: Engine, signal: AbortSignal): Promise<readonly Orphan[]> {
  const containers = await listContainers(engine, { all: true, signal });
  const running = new Set(containers.filter(({ State }) => State === "running").map(({ Id }) => Id));
  const guarded = new Set(containers.map(({ Labels }) => Labels[label.guard]));
  return containers.flatMap((container) => {
    const loader = container.Labels[label.loader];
    if (loader === undefined || running.has(loader) || guarded.has(loader)) return [];
    return [{ loader, machine: containerName(container) }];
  });
}

/** What has become of the machine of that name, which once took a folder on this engine. */
export async function holderState(engine: Engine, machine: string, signal: AbortSignal): Promise<HolderState> {
  const containers = await listContainers(engine, { all: true, signal });
  const base = machine.replace(/\.app$/, "");
  const named = (name: string) => containers.find((container) => containerName(container) === name);
  const isRunning = (container: ContainerSummary | undefined) => container?.State === "running";
  if (isRunning(named(base))) return "alive";
  return named(machine) === undefined && named(`${base}.guard`) === undefined ? "gone" : "leaving";
}

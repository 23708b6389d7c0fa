import type { ContainerSummary } from "../../engine/container-types.ts";
import { listContainers } from "../../engine/containers.ts";
import type { Engine } from "../../engine/engine.ts";
import { containerName } from "../../ops/machines.ts";
import type { HolderState } from "../../plan/loader/lease.ts";
import { type LoaderPart, loaderPart } from "../../plan/loader/part.ts";

/** A loader's part by its container. */
export interface FoundPart extends LoaderPart {
  readonly id: string;
  readonly name: string;
}

/** What is left on this engine of machines whose loader and guard are gone; also where it is a stopped guard alone. */
export async function findOrphans(engine: Engine, signal: AbortSignal): Promise<readonly FoundPart[]> {
  const containers = await listContainers(engine, { all: true, signal });
  const running = new Set(containers.filter(({ State }) => State === "running").map(({ Id }) => Id));
  const parts = containers.flatMap((container) => {
    const part = partOf(container);
    return part === undefined ? [] : [{ ...part, id: container.Id, name: containerName(container), isAlive: lives(container) }];
  });
  const guarded = new Set(parts.filter(({ kind, isAlive }) => kind === "guard" && isAlive).map(({ loader }) => loader));
  return parts.filter(({ loader }) => !running.has(loader) && !guarded.has(loader));
}

function partOf(container: ContainerSummary): LoaderPart | undefined {
  return loaderPart({ name: containerName(container), labels: container.Labels, networkMode: container.HostConfig.NetworkMode });
}

/** What has become of the machine of that name, which once took a folder on this engine. */
export async function holderState(engine: Engine, machine: string, signal: AbortSignal): Promise<HolderState> {
  const containers = await listContainers(engine, { all: true, signal });
  const base = machine.replace(/\.app$/, "");
  const named = (name: string) => containers.filter((container) => containerName(container) === name);
  // Whoever else has a part's name never tidies up, and would be waited for without end.
  const partNamed = (kind: LoaderPart["kind"], name: string) => named(name).filter((container) => partOf(container)?.kind === kind);
  if (named(base).some(({ State }) => State === "running")) return "alive";
  if (partNamed("guard", `${base}.guard`).some(lives)) return "leaving";
  // Without a guard nobody tidies up after a machine but whoever comes next, which is not before it has the folder.
  return partNamed("machine", machine).some(({ State }) => State === "running") ? "leaving" : "gone";
}

/** Whether a guard is at work, or will be in a moment. One that is merely created is started by its loader alone, if that runs. */
function lives({ State }: ContainerSummary): boolean {
  return State === "running" || State === "restarting";
}

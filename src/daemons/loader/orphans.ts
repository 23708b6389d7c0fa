import type { ContainerSummary } from "../../engine/container-types.ts";
import { listContainers } from "../../engine/containers.ts";
import type { Engine } from "../../engine/engine.ts";
import { containerName } from "../../ops/machines.ts";
import type { HolderState, LeaseHolder } from "../../plan/loader/lease.ts";
import { type LoaderPart, loaderPart } from "../../plan/loader/part.ts";
import { asksForLoader } from "../../spec/loader/labels.ts";

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
    return part === undefined ? [] : [{ ...part, id: container.Id, name: containerName(container), isAlive: lives(container.State) }];
  });
  const guarded = new Set(parts.filter(({ kind, isAlive }) => kind === "guard" && isAlive).map(({ loader }) => loader));
  return parts.filter(({ loader }) => !running.has(loader) && !guarded.has(loader));
}

function partOf(container: ContainerSummary): LoaderPart | undefined {
  return loaderPart({ name: containerName(container), labels: container.Labels, networkMode: container.HostConfig.NetworkMode });
}

/** What has become of a machine that once took a folder on this engine. */
export async function holderState(engine: Engine, holder: LeaseHolder, signal: AbortSignal): Promise<HolderState> {
  const containers = await listContainers(engine, { all: true, signal });
  const isLoaders = holder.loader === undefined ? isNamedAs(holder.machine.replace(/\.app$/, "")) : hasId(holder.loader);
  const states = (kind: keyof IsLoaders) => containers.filter(isLoaders[kind]).map(({ State }) => State);
  if (states("loader").includes("running")) return "alive";
  if (states("guard").some(lives)) return "leaving";
  // Without a guard nobody tidies up after a machine but whoever comes next, which is not before it has the folder.
  return states("machine").includes("running") ? "leaving" : "gone";
}

/** Which containers are the loader and its parts. Whoever else has one's name never tidies up, and would be waited for without end. */
type IsLoaders = Readonly<Record<"loader" | LoaderPart["kind"], (container: ContainerSummary) => boolean>>;

function hasId(loader: string): IsLoaders {
  const isPart = (kind: LoaderPart["kind"]) => (container: ContainerSummary) => {
    const part = partOf(container);
    return part?.kind === kind && part.loader === loader;
  };
  return { loader: ({ Id }) => Id === loader, guard: isPart("guard"), machine: isPart("machine") };
}

/** By their names and kinds, for a lease that tells no more. */
function isNamedAs(name: string): IsLoaders {
  const isPart = (kind: LoaderPart["kind"], part: string) => (container: ContainerSummary) =>
    containerName(container) === part && partOf(container)?.kind === kind;
  return {
    loader: (container) => containerName(container) === name && asksForLoader(container.Labels),
    guard: isPart("guard", `${name}.guard`),
    machine: isPart("machine", `${name}.app`),
  };
}

/** Whether a guard is at work, or will be in a moment. One that is merely created is started by its loader alone, if that runs. */
function lives(state: ContainerSummary["State"]): boolean {
  return state === "running" || state === "restarting";
}

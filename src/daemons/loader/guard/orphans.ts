import type { ContainerSummary } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listContainers } from "#engine/containers.ts";
import { asksForLoader } from "#labels/loader/labels.ts";
import { labelsOfImages } from "#ops/machine/own-containers.ts";
import type { HolderState, LeaseHolder } from "#plan/loader/lease.ts";
import { isPart, type LoaderPart, loaderPart } from "#plan/loader/part.ts";
import { containerName } from "#plan/machine/machine.ts";

/** A loader's part by its container. */
export interface FoundPart extends LoaderPart {
  readonly id: string;
  readonly name: string;
}

/** Parts of machines on this engine whose loader and guard have ended, even a stopped guard alone. */
export async function findOrphans(engine: Engine, signal: AbortSignal): Promise<readonly FoundPart[]> {
  const containers = await listContainers(engine, { all: true, signal });
  const running = new Set(containers.filter(({ State }) => State === "running").map(({ Id }) => Id));
  const all = await findParts(engine, containers, signal);
  const parts = containers.flatMap((container) => {
    const part = all.get(container.Id);
    return part === undefined
      ? []
      : [{ ...part, id: container.Id, name: containerName(container), isAlive: lives(container.State) }];
  });
  const guarded = new Set(
    parts.filter(({ kind, isAlive }) => kind === "guard" && isAlive).map(({ loader }) => loader),
  );
  return parts.filter(({ loader }) => !running.has(loader) && !guarded.has(loader));
}

type Parts = ReadonlyMap<string, LoaderPart>;

/** The parts of loaders among containers, by their ids. */
async function findParts(
  engine: Engine,
  containers: readonly ContainerSummary[],
  signal: AbortSignal,
): Promise<Parts> {
  const alike = containers.flatMap((container) => {
    const { Labels, HostConfig } = container;
    const part = loaderPart({
      name: containerName(container),
      labels: Labels,
      networkMode: HostConfig.NetworkMode,
    });
    return part === undefined ? [] : [{ ...container, part }];
  });
  const images = await labelsOfImages(engine, alike, signal);
  return new Map(
    alike.flatMap(({ Id, Labels, ImageID, part }) =>
      isPart(part, Labels, images.get(ImageID)) ? [[Id, part] as const] : [],
    ),
  );
}

/** What has become of a machine that once took a folder on this engine. */
export async function holderState(
  engine: Engine,
  holder: LeaseHolder,
  signal: AbortSignal,
): Promise<HolderState> {
  const containers = await listContainers(engine, { all: true, signal });
  const parts = await findParts(engine, containers, signal);
  const isLoaders =
    holder.loader === undefined
      ? isNamedAs(holder.machine.replace(/\.app$/, ""), parts)
      : hasId(holder.loader, parts);
  const states = (kind: keyof IsLoaders) => containers.filter(isLoaders[kind]).map(({ State }) => State);
  if (states("loader").includes("running")) return "alive";
  if (states("guard").some(lives)) return "leaving";
  // Without a guard, only the folder's next guard removes the machine, once it has the folder.
  return states("machine").includes("running") ? "leaving" : "gone";
}

/**
 * The containers that are the loader and its parts. Ignores others of the same names: they never clean up, so
 * waiting for them would not end.
 */
type IsLoaders = Readonly<Record<"loader" | LoaderPart["kind"], (container: ContainerSummary) => boolean>>;

function hasId(loader: string, parts: Parts): IsLoaders {
  const isPart =
    (kind: LoaderPart["kind"]) =>
    ({ Id }: ContainerSummary) => {
      const part = parts.get(Id);
      return part?.kind === kind && part.loader === loader;
    };
  return { loader: ({ Id }) => Id === loader, guard: isPart("guard"), machine: isPart("machine") };
}

/** By their names and kinds, for a lease without ids. */
function isNamedAs(name: string, parts: Parts): IsLoaders {
  const isPart = (kind: LoaderPart["kind"], part: string) => (container: ContainerSummary) =>
    containerName(container) === part && parts.get(container.Id)?.kind === kind;
  return {
    loader: (container) => containerName(container) === name && asksForLoader(container.Labels),
    guard: isPart("guard", `${name}.guard`),
    machine: isPart("machine", `${name}.app`),
  };
}

/** Whether a guard is running or about to. Only its running loader starts a guard in state created. */
function lives(state: ContainerSummary["State"]): boolean {
  return state === "running" || state === "restarting";
}

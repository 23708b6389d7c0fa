import type { Engine } from "#engine/connection/engine.ts";
import { listContainers } from "#engine/containers.ts";
import { listNetworks, removeNetwork } from "#engine/networks.ts";
import { hasCode } from "#errors.ts";
import { findCachedRoots, removeCachedRoots } from "#image/build/cached-roots.ts";
import { findMadeBuilders, removeMadeBuilders } from "#image/build/made-builders.ts";
import { findOwnImages, type OwnImage, removeOwnImage } from "#image/store/own-images.ts";
import { label } from "#labels/machine.ts";
import type { Leftovers } from "#plan/doctor/doctor-facts.ts";
import { isOwnNetwork } from "#plan/network/network.ts";
import { findCachedInits, removeCachedInits } from "./init-cache.ts";
import { findLeftovers, removeLeftovers } from "./leftovers.ts";

/** What berth has created besides machines and can create again. None of it is the user's. */
export interface Belongings {
  readonly images: readonly OwnImage[];
  /** Those on which no container is, running or not. */
  readonly networks: readonly UnusedNetwork[];
  /** What crashes have left. */
  readonly leftovers: Leftovers;
  /** Paths of files in the cache: roots that images were built from, what machines' images have, ids. */
  readonly roots: readonly string[];
}

interface UnusedNetwork {
  readonly name: string;
  readonly id: string;
}

export interface BelongingsPlace {
  /** The engine's process, where it is on this host. */
  readonly pid: number | undefined;
  /** As `cacheDirectory` says. */
  readonly cache: string;
  readonly signal: AbortSignal;
}

/** Finds them; changes nothing. */
export async function findBelongings(
  engine: Engine,
  { pid, cache, signal }: BelongingsPlace,
): Promise<Belongings> {
  const [images, networks, leftovers, roots, inits, builders] = await Promise.all([
    findOwnImages(engine, signal),
    findUnusedNetworks(engine, signal),
    findLeftovers(engine, pid, signal),
    findCachedRoots(cache),
    findCachedInits(cache),
    findMadeBuilders(cache),
  ]);
  return { images, networks, leftovers, roots: [...roots, ...inits, ...builders] };
}

/** Removes them. Returns the images and networks that stay, since something else needs them. */
export async function removeBelongings(
  engine: Engine,
  { images, networks, leftovers, roots }: Belongings,
  { cache, signal }: BelongingsPlace,
): Promise<readonly string[]> {
  const kept: string[] = [];
  await removeLeftovers(engine, leftovers, signal);
  for (const network of networks)
    if (!(await removeUnusedNetwork(engine, network, signal))) kept.push(network.name);
  for (const image of images) if (!(await removeOwnImage(engine, image, signal))) kept.push(image.reference);
  await removeCachedInits(cache);
  await removeMadeBuilders(cache);
  await removeCachedRoots(cache, roots);
  return kept;
}

async function findUnusedNetworks(engine: Engine, signal: AbortSignal): Promise<Belongings["networks"]> {
  const networks = await listNetworks(engine, { filters: { label: [label.network] }, signal });
  const own = networks.filter(isOwnNetwork).map(({ Name, Id }) => ({ name: Name, id: Id }));
  const unused = own.map(async (network) => ((await isUsed(engine, network, signal)) ? [] : [network]));
  return (await Promise.all(unused)).flat();
}

/** By its name, too: a container that has never been started does not know the network's id. */
async function isUsed(engine: Engine, { name, id }: UnusedNetwork, signal: AbortSignal): Promise<boolean> {
  return (await listContainers(engine, { all: true, filters: { network: [name, id] }, signal })).length > 0;
}

/** False where something has come upon it meanwhile. */
async function removeUnusedNetwork(
  engine: Engine,
  network: UnusedNetwork,
  signal: AbortSignal,
): Promise<boolean> {
  if (await isUsed(engine, network, signal)) return false;
  try {
    await removeNetwork(engine, network.id, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, "not-found")) return true;
    throw error;
  }
}

import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { loadImages } from "#engine/images.ts";
import { readVersion } from "#engine/system.ts";
import { BerthError } from "#errors.ts";
import { sha256 } from "#host/files/sha256.ts";
import { tryRun } from "#host/process/run.ts";
import { explainDiskFull } from "#image/store/disk-full.ts";
import { imageId, packImage } from "#image/store/image-archive.ts";
import { findImage, removeDangling } from "#image/store/store.ts";
import { packTree, type Tree } from "#image/store/tree.ts";
import { imageLabel } from "#labels/loader/labels.ts";
import { ociArchitecture } from "#linux/architecture.ts";
import { renderLoaderConfig } from "#plan/image/loader-image-config.ts";
import { gatherPrograms } from "./loader-image-programs.ts";
import { loaderRoot } from "./loader-image-root.ts";

export interface LoaderImage {
  /** What it is called, with tags. */
  readonly references: readonly string[];
  /** `sha256:…`; equal programs give equal ids. */
  readonly id: string;
  /** Bytes of its layer, unpacked. */
  readonly size: number;
  /** As engines call it: amd64, arm64. */
  readonly architecture: string;
  /** Its limitations and their causes, as sentences. */
  readonly warnings: readonly string[];
  /** Packs it as a tar for `docker load`; each call packs it again. */
  archive(): Readable;
}

/**
 * The running berth, even if its file has been replaced since (proc(5)). Not `self`, since programs that
 * berth starts read it too.
 */
const runningBerth = `/proc/${process.pid}/exe`;

/**
 * Makes the loader's image from the running berth and this host's programs. Equal programs make the same
 * image. Throws `tool-missing` if one is not installed or berth runs from its source.
 */
export async function packLoaderImage(references: readonly string[], version: string): Promise<LoaderImage> {
  await checkCompiled(version);
  const programs = await gatherPrograms(runningBerth);
  const tree: Tree = new Map([...loaderRoot, ...programs.tree]);
  const { diffId, size } = await measure(packTree(tree));
  const architecture = ociArchitecture(process.arch);
  const config = renderLoaderConfig({ version, architecture }, diffId, sha256);
  return {
    references,
    id: imageId(config),
    size,
    architecture,
    warnings: programs.iptables.length > 0 ? [] : [withoutIptables],
    archive: () =>
      packImage(references, config, { stream: packTree(tree), size, sha256: diffId, diffId, source }),
  };
}

const source = "a program that the loader's image is made of";

const withoutIptables =
  "iptables is not installed, so the image lacks it: the loader cannot publish ports on hosts whose Docker " +
  "uses iptables; install the package iptables and run this again";

/** From source the running program is Bun alone. */
async function checkCompiled(version: string): Promise<void> {
  const { stdout } = await tryRun(runningBerth, ["--version"]);
  if (stdout === `berth ${version}\n`) return;
  throw new BerthError(
    "tool-missing",
    "cannot make the loader's image: this berth runs from its source, the image needs the built program",
    {
      hint: "Run `npm run build`, and use dist/berth.",
    },
  );
}

async function measure(layer: Readable): Promise<{ readonly diffId: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of layer) {
    hash.update(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
  }
  return { diffId: hash.digest("hex"), size };
}

/**
 * Loads the image into an engine unless it exists under all its names; returns the engine's id of it. Removes
 * an unused image that lost a name to it. Throws `host-unfit` if the engine's architecture differs.
 */
export async function storeLoaderImage(
  engine: Engine,
  image: LoaderImage,
  signal?: AbortSignal,
): Promise<string> {
  const { Arch: architecture } = await readVersion(engine, { signal });
  if (architecture !== image.architecture) {
    throw new BerthError(
      "host-unfit",
      `cannot load an image for ${image.architecture}: the engine's architecture is ${architecture}`,
      {
        hint: "Run berth on a host of that architecture, or write the image to a file with --output.",
      },
    );
  }
  const find = () => Promise.all(image.references.map((reference) => findImage(engine, reference, signal)));
  const before = await find();
  if (before.every((found) => found?.id === image.id)) return image.id;
  try {
    await loadImages(engine, image.archive(), { signal });
  } catch (error) {
    throw await explainDiskFull(engine, error, 2 * image.size);
  }
  const [stored] = await find();
  if (stored === undefined)
    throw new BerthError(
      "not-found",
      `another client removed image ${image.references[0]} right after its creation`,
    );
  for (const id of new Set(
    before.flatMap((old) => (old?.labels[imageLabel] === undefined ? [] : [old.id])),
  )) {
    if (id !== stored.id) await removeDangling(engine, id, signal);
  }
  return stored.id;
}

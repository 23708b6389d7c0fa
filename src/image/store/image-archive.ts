import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { BerthError } from "#errors.ts";
import { endOfTar, packMember, padding, renderMember } from "#image/tarball/write-tar.ts";

/** The one layer of an image. */
export interface Layer {
  /** Plain or gzip; its length is `size`, and `sha256` its SHA-256, in hex. */
  readonly stream: Readable;
  readonly size: number;
  readonly sha256: string;
  /** Name of the source, for messages. */
  readonly source: string;
  /** SHA-256, in hex, of the plain tar. The engine checks it. */
  readonly diffId: string;
}

/**
 * What an engine knows an image by: the digest of its configuration. (Engines with containerd's image store
 * have ids of their own.)
 */
export function imageId(config: object): string {
  return `sha256:${configDigest(JSON.stringify(config))}`;
}

const configDigest = (text: string) => createHash("sha256").update(text).digest("hex");

/**
 * The image in the format of `docker save` (moby, image/spec/v1.2.md), for `docker load`. Importing a bare
 * root would be simpler, but engines refuse STOPSIGNAL there, and a machine stopped with SIGTERM never ends.
 * It may have several names. The returned stream fails with the layer's error, and with `file-invalid` if the
 * bytes differ from the layer's description: before one byte too many, and before the part that names the
 * image.
 */
export function packImage(reference: string | readonly string[], config: object, layer: Layer): Readable {
  const packed = Readable.from(archiveOf([reference].flat(), JSON.stringify(config), layer));
  // An error may come before the first reading, and an end without one.
  layer.stream.on("error", (error) => packed.destroy(error));
  packed.on("close", () => void layer.stream.destroy());
  return packed;
}

/** Use the epoch for all times, so that equal images give equal archives. */
async function* archiveOf(
  names: readonly string[],
  config: string,
  layer: Layer,
): AsyncGenerator<Uint8Array> {
  const configName = `${configDigest(config)}.json`;
  const layerName = `${layer.diffId}/layer.tar`;
  yield* packMember({ name: configName }, Buffer.from(config));
  yield renderMember({ name: layerName, size: layer.size });
  yield* checkLayer(layer);
  yield padding(layer.size);
  const manifest = JSON.stringify([{ Config: configName, RepoTags: names, Layers: [layerName] }]);
  yield* packMember({ name: "manifest.json" }, Buffer.from(manifest));
  yield endOfTar;
}

/** Passes the layer's bytes on, up to its declared size. */
async function* checkLayer(layer: Layer): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let left = layer.size;
  for await (const chunk of layer.stream as AsyncIterable<Uint8Array>) {
    left -= chunk.length;
    // To who reads the archive, what is beyond it is the next members: other images, of any name.
    if (left < 0) throw changed(layer.source);
    hash.update(chunk);
    yield chunk;
  }
  if (left > 0 || hash.digest("hex") !== layer.sha256) throw changed(layer.source);
}

/** That a later reading gave something else than an earlier one. */
export const changed = (source: string) =>
  new BerthError("file-invalid", `${source} changed while berth read it`, {
    hint: "Run this again when no program writes to it.",
  });

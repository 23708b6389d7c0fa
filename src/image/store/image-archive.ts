import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type Pack, pack } from "tar-stream";
import { BerthError } from "#errors.ts";

/** The one layer of an image. */
export interface Layer {
  /** Plain or gzip; its length is `size`, and `sha256` its SHA-256, in hex. */
  readonly stream: Readable;
  readonly size: number;
  readonly sha256: string;
  /** What it is read from, to people. */
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
 * The image as `docker save` writes it (moby, image/spec/v1.2.md), for `docker load`. Importing a bare root
 * would be simpler, but engines refuse STOPSIGNAL there, and a machine stopped with SIGTERM never ends. It
 * may bear several names. An error of the layer's stream comes out of the stream returned, and `file-invalid`
 * where that is not what the layer says of it: before a byte too much, and before what makes an image of the
 * layer.
 */
export function packImage(reference: string | readonly string[], config: object, layer: Layer): Readable {
  const archive = pack();
  const text = JSON.stringify(config);
  const configName = `${configDigest(text)}.json`;
  const layerName = `${layer.diffId}/layer.tar`;
  archive.on("close", () => void layer.stream.destroy());
  const write = async () => {
    archive.entry({ name: configName, mtime }, text);
    await copyLayer(archive, layerName, layer);
    archive.entry(
      { name: "manifest.json", mtime },
      JSON.stringify([{ Config: configName, RepoTags: [reference].flat(), Layers: [layerName] }]),
    );
    archive.finalize();
  };
  const packed = Readable.from(archive);
  // Nobody listens to `archive` itself until the first reading, and an error may come before that.
  archive.on("error", (error: Error) => packed.destroy(error));
  write().catch((error: Error) => archive.destroy(error));
  return packed;
}

/** Of every member: the same image is the same archive. */
const mtime = new Date(0);

async function copyLayer(archive: Pack, name: string, layer: Layer): Promise<void> {
  let finish = (_error?: Error | null) => {};
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error ? reject(error) : resolve());
  });
  const entry = archive.entry({ name, mtime, size: layer.size }, finish);
  // Heard as `finished`; unheard here, it would end the process.
  entry.on("error", () => {});
  const hash = createHash("sha256");
  let left = layer.size;
  const feed = async () => {
    for await (const chunk of layer.stream as AsyncIterable<Uint8Array>) {
      left -= chunk.length;
      // To who reads the archive, what is beyond it is the next members: other images, of any name.
      if (left < 0) throw changed(layer.source);
      hash.update(chunk);
      if (!entry.write(chunk)) await new Promise<void>((resolve) => entry.once("drain", () => resolve()));
    }
    if (left > 0 || hash.digest("hex") !== layer.sha256) throw changed(layer.source);
    entry.end(undefined);
  };
  await Promise.all([feed(), finished]);
}

/** That a later reading gave something else than an earlier one. */
export const changed = (source: string) =>
  new BerthError("file-invalid", `${source} has changed while it was read`, {
    hint: "Run this again when nobody writes to it.",
  });

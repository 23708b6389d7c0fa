import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { BerthError } from "#errors.ts";
import { sha256 } from "#host/files/sha256.ts";
import { endOfTar, packMember, padding, renderMember } from "#image/tarball/write-tar.ts";
import { label } from "#labels/machine.ts";
import { contentDigest } from "#plan/image/content.ts";
import type { RootFacts } from "#plan/image/root-facts.ts";

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

export interface ImageConfigInput {
  readonly facts: RootFacts;
  readonly labels: Readonly<Record<string, string>>;
  /** As the engine calls it: amd64, arm64. */
  readonly architecture: string;
  readonly created: Date;
}

/**
 * The configuration of an image that starts as a machine (OCI image specification, config.md). The stop
 * signal is set for systemd alone: what the others want, the contract knows.
 */
export function renderImageConfig(input: ImageConfigInput, diffId: string) {
  const { init, os } = input.facts.guest;
  const created = input.created.toISOString();
  const layers = [`sha256:${diffId}`];
  const labels: Readonly<Record<string, string>> = {
    ...input.labels,
    [label.content]: contentDigest(layers, { Cmd: input.facts.command }, sha256),
    [label.init]: init.kind,
    ...(init.version !== undefined && { [label.initVersion]: String(init.version) }),
    ...(os !== undefined && { [label.os]: os.prettyName }),
  };
  return {
    architecture: input.architecture,
    os: "linux",
    created,
    config: {
      Cmd: input.facts.command,
      ...(init.kind === "systemd" && { StopSignal: "SIGRTMIN+3" }),
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: layers },
    history: [{ created, created_by: "berth", comment: "imported by berth" }],
  };
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
  const packed = Readable.from(archiveOf([reference].flat(), JSON.stringify(config), layer));
  // An error may come before the first reading, and an end without one.
  layer.stream.on("error", (error) => packed.destroy(error));
  packed.on("close", () => void layer.stream.destroy());
  return packed;
}

/** All times are the epoch: the same image is the same archive. */
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

/** The layer's bytes, as long as they may be its own. */
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
  new BerthError("file-invalid", `${source} has changed while it was read`, {
    hint: "Run this again when nobody writes to it.",
  });

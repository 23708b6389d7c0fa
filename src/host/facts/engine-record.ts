import { statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readIfThereSync } from "#host/files/read-if-there.ts";
import type { ImageJson } from "#oci/image-request.ts";

/** What the engine has written down of a container and does not say in config.json. */
export interface EngineRecord {
  /** The image's id, `sha256:` and 64 digits. */
  readonly image: string;
  readonly imageJson: ImageJson;
  /** The capabilities that the user dropped, canonical names, or `ALL`. */
  readonly dropped: readonly string[];
}

interface Container {
  readonly Image?: unknown;
  readonly Driver?: unknown;
}

/**
 * Reads Docker's own files of a container, found from its root: DATA/DRIVER/…/… (moby, daemon/container and
 * image/store). Undefined if the engine keeps images elsewhere than in its own storage driver: then the
 * user's requests cannot be told from the image's.
 */
export function readEngineRecord(rootPath: string, id: string): EngineRecord | undefined {
  const data = dirname(dirname(dirname(rootPath)));
  const container = readJson<Container>(join(data, "containers", id, "config.v2.json"));
  const hostConfig = readJson<{ readonly CapDrop?: unknown }>(
    join(data, "containers", id, "hostconfig.json"),
  );
  if (
    typeof container?.Image !== "string" ||
    typeof container.Driver !== "string" ||
    hostConfig === undefined
  )
    return undefined;
  const { Image, Driver } = container;
  const [, digest] = /^sha256:([0-9a-f]{64})$/.exec(Image) ?? [];
  if (digest === undefined) return undefined;
  // An engine with containerd's image store has its containers' roots elsewhere.
  if (basename(dirname(dirname(rootPath))) !== Driver) return undefined;
  const imageJson = readImage(join(data, "image", Driver, "imagedb/content/sha256", digest));
  return { image: Image, imageJson, dropped: texts(hostConfig.CapDrop).map(canonical) };
}

/** Bytes. Real ones have some thousand. */
const mostOfImage = 16 * 1024 ** 2;

/** An image goes by force while something that is made of it does not run. */
function readImage(path: string): ImageJson {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > mostOfImage)
    return { unread: "is described in more than 16 MiB" };
  const text = readText(path);
  return text === undefined ? { unread: "is gone" } : { text };
}

const texts = (value: unknown) =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** As `docker run --cap-drop` takes a capability: with CAP_ or without, in either case. */
function canonical(name: string): string {
  const upper = name.toUpperCase();
  return upper === "ALL" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}

/** What the engine itself has written: each name once, as it calls it. */
function readJson<T>(path: string): T | undefined {
  const text = readText(path);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

const readText = (path: string) => readIfThereSync(path, ["ENOENT", "ENOTDIR"]);

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { imageId, type Layer, packImage } from "./image-archive.ts";

async function unpack(archive: Readable): Promise<ReadonlyMap<string, string>> {
  const members = new Map<string, string>();
  const parser = extract();
  archive.on("error", (error) => parser.destroy(error));
  archive.pipe(parser as unknown as NodeJS.WritableStream);
  for await (const entry of parser) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    members.set(entry.header.name, Buffer.concat(chunks).toString());
  }
  return members;
}

/** A layer whose stream gives other parts than it is known by, if those are named. */
function layerOf(known: string, given: Iterable<string> | AsyncIterable<string> = [known]): Layer {
  const sha256 = createHash("sha256").update(known).digest("hex");
  return {
    stream: Readable.from(given, { objectMode: false }),
    size: known.length,
    sha256,
    diffId: "ab",
    source: "root.tar",
  };
}

test("the archive names its parts", async () => {
  const parts = ["x".repeat(100_000), "y".repeat(100_000)];
  const members = await unpack(
    packImage(["berth/web:1", "berth/web:latest"], { a: 1 }, layerOf(parts.join(""), parts)),
  );
  // The SHA-256 of {"a":1}, by which the engine knows the image.
  const config = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862.json";
  expect(JSON.parse(members.get("manifest.json") ?? "")).toEqual([
    { Config: config, RepoTags: ["berth/web:1", "berth/web:latest"], Layers: ["ab/layer.tar"] },
  ]);
  expect(members.get(config)).toBe('{"a":1}');
  expect(`${imageId({ a: 1 })}.json`).toBe(`sha256:${config}`);
  expect(members.get("ab/layer.tar")).toBe(parts.join(""));
});

test("a layer that breaks breaks the archive", async () => {
  async function* broken() {
    yield "x";
    throw new Error("disk on fire");
  }
  await expect(unpack(packImage("berth/web:1", {}, layerOf("x".repeat(10), broken())))).rejects.toThrow(
    "disk on fire",
  );
});

/** What of an archive comes until it ends, and the code and message of its error. */
async function bytesUntilError(archive: Readable) {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of archive) chunks.push(chunk as Uint8Array);
    return { text: Buffer.concat(chunks).toString("latin1") };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { text: Buffer.concat(chunks).toString("latin1"), code, message };
  }
}

test("a layer that is longer, shorter or another than was looked at breaks the archive, before a byte too much and before its manifest", async () => {
  // Longer than what waits in the streams, which an error drops.
  const known = "k".repeat(300_000);
  const more = "m".repeat(300_000);
  const given: readonly (readonly string[])[] = [
    [known, more, more],
    [known + more],
    [known.slice(1)],
    [],
    [`${known.slice(1)}o`],
  ];
  for (const parts of given) {
    const { text, code, message } = await bytesUntilError(
      packImage("berth/web:1", {}, layerOf(known, parts)),
    );
    expect([code, message]).toEqual(["file-invalid", "root.tar changed while berth read it"]);
    expect([text.includes("mm"), text.includes("manifest.json")]).toEqual([false, false]);
  }
  expect((await bytesUntilError(packImage("berth/web:1", {}, layerOf(known)))).text).toContain(
    "manifest.json",
  );
});

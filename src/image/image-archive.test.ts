import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { contentDigest } from "./as-made.ts";
import { imageId, packImage, renderImageConfig } from "./image-archive.ts";
import type { RootFacts } from "./root-facts.ts";

const facts: RootFacts = {
  command: ["/sbin/init"],
  guest: {
    os: { id: "debian", versionId: "12", prettyName: 'Debian "12" $HOME' },
    init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version: 252 },
    machineId: "",
    mergedUsr: true,
  },
};
const input = { facts, labels: { "berth.image": "web" }, architecture: "amd64", created: new Date(0) };

test("the configuration of a systemd root", () => {
  expect(renderImageConfig(input, "ab")).toEqual({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00.000Z",
    config: {
      Cmd: ["/sbin/init"],
      StopSignal: "SIGRTMIN+3",
      Labels: {
        "berth.image": "web",
        "berth.content": contentDigest(["sha256:ab"], { Cmd: ["/sbin/init"] }),
        "berth.init": "systemd",
        "berth.init.version": "252",
        "berth.os": 'Debian "12" $HOME',
      },
    },
    rootfs: { type: "layers", diff_ids: ["sha256:ab"] },
    history: [{ created: "1970-01-01T00:00:00.000Z", created_by: "berth", comment: "imported by berth" }],
  });
});

test("another init gets no stop signal here", () => {
  const guest = { ...facts.guest, os: undefined, init: { kind: "runit", program: "/sbin/runit-init", version: undefined } } as const;
  expect(renderImageConfig({ ...input, facts: { ...facts, guest } }, "ab")).toMatchObject({
    config: { Cmd: ["/sbin/init"], Labels: { "berth.image": "web", "berth.init": "runit" } },
  });
  expect(JSON.stringify(renderImageConfig({ ...input, facts: { ...facts, guest } }, "ab"))).not.toContain("StopSignal");
});

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

test("the archive names its parts", async () => {
  const parts = ["x".repeat(100_000), "y".repeat(100_000)];
  const layer = { stream: Readable.from(parts.map((part) => Buffer.from(part))), size: 200_000, diffId: "ab" };
  const members = await unpack(packImage(["berth/web:1", "berth/web:latest"], { a: 1 }, layer));
  // The SHA-256 of {"a":1}, by which the engine knows the image.
  const config = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862.json";
  expect(JSON.parse(members.get("manifest.json") ?? "")).toEqual([
    { Config: config, RepoTags: ["berth/web:1", "berth/web:latest"], Layers: ["ab/layer.tar"] },
  ]);
  expect(members.get(config)).toBe('{"a":1}');
  expect(`${imageId({ a: 1 })}.json`).toBe(`sha256:${config}`);
  expect(members.get("ab/layer.tar")).toBe(parts.join(""));
});

test("a layer that breaks or is too short breaks the archive", async () => {
  async function* broken() {
    yield Buffer.from("x");
    throw new Error("disk on fire");
  }
  const read = (stream: Readable) => unpack(packImage("berth/web:1", {}, { stream, size: 10, diffId: "ab" }));
  await expect(read(Readable.from(broken()))).rejects.toThrow("disk on fire");
  await expect(read(Readable.from([Buffer.from("short")]))).rejects.toThrow();
});

import { expect, test } from "bun:test";
import type { ImageInspect } from "#api/image.ts";
import { sha256 } from "#host/files/sha256.ts";
import { label } from "#labels/machine.ts";
import { contentDigest } from "#plan/image/content.ts";
import { rootReference } from "#plan/image/root-image.ts";

import { namesOf } from "./own-images.ts";

const layer = `sha256:${"a".repeat(64)}`;

/** The names among those of such an image that berth gave it. */
function names(
  tags: readonly string[],
  labels: Readonly<Record<string, string>>,
  layers: readonly string[] = [layer],
) {
  const content = { [label.content]: contentDigest([layer], { Cmd: ["/sbin/init"] }, sha256) };
  const image = {
    RepoTags: tags,
    Config: { Cmd: ["/sbin/init"], Labels: { ...labels, ...content } },
    RootFS: { Type: "layers", Layers: layers },
  };
  return namesOf({ Labels: labels, RepoTags: tags }, image as unknown as ImageInspect);
}

const debian = { "berth.image": "debian-12", "berth.digest": "0123456789abcdef" };
const builtin = "berth/debian-12:latest";

test("a built-in image, a recipe's and the loader's have names by which they are made again; names that people gave are theirs", () => {
  expect(names(["mine:1", builtin, "berth/debian-12:mine"], debian)).toEqual([builtin]);
  expect(
    names(["berth/site:0123456789ab", "berth/site:latest"], { ...debian, "berth.image": "site" }),
  ).toEqual(["berth/site:0123456789ab"]);
  const loader = [
    "berth-loader:1.0",
    "berth-loader:latest",
    "host:5000/berth-loader:1.0",
    "berth-loader:0.9",
  ];
  expect(names(loader, { "berth.loader.version": "1.0" })).toEqual([
    "berth-loader:1.0",
    "berth-loader:latest",
  ]);
});

test("a tarball's is named after a path, and stays", () => {
  expect(
    names(["berth/root:fedcba987654"], { "berth.image": "root", "berth.digest": "0123456789abcdef" }),
  ).toEqual([]);
});

test("what is made of one stays, whatever it is called", () => {
  expect(names([builtin], debian, [layer, `sha256:${"b".repeat(64)}`])).toEqual([]);
  expect(names(["snap:1", "<none>:<none>"], debian)).toEqual([]);
});

test("an image for a folder is named after its layer", () => {
  const reference = rootReference("a".repeat(64));
  expect(reference).toBe(`berth-root:${"a".repeat(16)}`);
  expect(names([reference, "berth-root:mine"], { "berth.root.image": "" })).toEqual([reference]);
  expect(names([reference], { "berth.root.image": "" }, [layer, layer])).toEqual([]);
});

test("a builder has a name of berth's; what is made of one has another", () => {
  const builder = { "berth.builder": "debian:trixie-slim" };
  expect(names(["berth-builder:0123456789ab", "mine:1"], builder, [layer, layer])).toEqual([
    "berth-builder:0123456789ab",
  ]);
  expect(names(["mine:1"], builder)).toEqual([]);
  expect(names(["berth-builder:0123456789ab"], {})).toEqual([]);
});

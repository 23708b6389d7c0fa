import { expect, test } from "bun:test";
import type { ImageSummary } from "#api/image.ts";
import { builtinImages } from "#plan/image/builtin.ts";
import { arrangeBuilders, arrangeImages } from "./list.ts";

const summary = (
  Id: string,
  Created: number,
  RepoTags: readonly string[] | null,
  Labels: Record<string, string>,
): ImageSummary => ({
  Id,
  Created,
  RepoTags,
  Labels,
  ParentId: "",
  RepoDigests: null,
  Size: 7,
  Containers: -1,
});

test("built-in ones built or not, and others; none that has no name of berth's", () => {
  const images = arrangeImages([
    summary("old", 1, null, { "berth.image": "debian-12" }),
    summary("new", 2, ["mine:1", "berth/debian-12:latest"], {
      "berth.image": "debian-12",
      "berth.os": "Debian 12",
      "berth.init": "systemd",
    }),
    summary("own", 3, ["berth/debian-13:0123456789ab"], { "berth.image": "debian-13" }),
    summary("a", 4, ["<none>:<none>"], { "berth.image": "web" }),
    summary("snap", 5, ["snap:1", "berth/debian-13:latest"], { "berth.image": "debian-12" }),
    summary("c", 6, ["berth/site:0123456789ab"], { "berth.image": "site" }),
  ]);
  expect(images.map(({ name, builtin, stored }) => [name, builtin, stored?.id, stored?.reference])).toEqual([
    ["debian-11", true, undefined, undefined],
    ["debian-12", true, "new", "berth/debian-12:latest"],
    ["debian-13", false, "own", "berth/debian-13:0123456789ab"],
    ["debian-13", true, undefined, undefined],
    ["debian-sid", true, undefined, undefined],
    ["site", false, "c", "berth/site:0123456789ab"],
    ["ubuntu-22.04", true, undefined, undefined],
    ["ubuntu-24.04", true, undefined, undefined],
  ]);
  expect(images[1]?.stored).toMatchObject({ size: 7, created: 2, os: "Debian 12", init: "systemd" });
});

test("nothing there", () =>
  expect(arrangeImages([]).map(({ name }) => name)).toEqual([...builtinImages.keys()].sort()));

test("what builds images is listed apart, by its base", () => {
  const labels = { "berth.builder": "debian:trixie-slim" };
  const tags = ["berth-builder:0123456789ab", "mine:1"];
  expect(arrangeBuilders([summary("a", 1, tags, labels), summary("b", 2, ["mine:2"], labels)])).toMatchObject(
    [{ name: "berth-builder", stored: { id: "a", reference: tags[0] }, base: "debian:trixie-slim" }],
  );
});

import { expect, test } from "bun:test";
import { sha256 } from "#host/files/sha256.ts";
import { label } from "#labels/machine.ts";
import { contentDigest } from "#plan/image/content.ts";
import { renderLoaderConfig } from "#plan/image/loader-image-config.ts";
import { isAsMade } from "./as-made.ts";
import { renderImageConfig } from "./image-archive.ts";

const guest = {
  os: undefined,
  init: { kind: "systemd", program: "/usr/lib/systemd/systemd" },
  machineId: "",
  mergedUsr: true,
} as const;
const root = renderImageConfig(
  {
    facts: { guest: { ...guest, init: { ...guest.init, version: 252 } }, command: ["/sbin/init"] },
    labels: {},
    architecture: "amd64",
    created: new Date(0),
  },
  "ab",
);
const loader = renderLoaderConfig({ version: "1", architecture: "amd64" }, "cd", sha256);

test.each([root, loader])(
  "an image that berth makes is as it was made, and nothing that is made of it",
  ({ config, rootfs }) => {
    const image = { RepoTags: [], Config: config, RootFS: { Type: "layers", Layers: rootfs.diff_ids } };
    expect(isAsMade(image)).toBe(true);
    // RUN, COPY and `docker commit` add a layer, `--squash-all` replaces them, CMD and ENTRYPOINT say what
    // runs.
    const changed = [
      { ...image, RootFS: { Type: "layers", Layers: [...rootfs.diff_ids, "sha256:ef"] } },
      { ...image, RootFS: { Type: "layers", Layers: ["sha256:ef"] } },
      { ...image, RootFS: { Type: "layers" } },
      { ...image, Config: { ...config, Cmd: ["/bin/bash"] } },
      { ...image, Config: { ...config, Entrypoint: ["/entry"] } },
    ];
    expect(changed.map(isAsMade)).toEqual(changed.map(() => false));
  },
);

test("engines write what is not there in several ways", () => {
  expect(contentDigest(["x"], { Entrypoint: null, Cmd: ["/sbin/init"] }, sha256)).toBe(
    contentDigest(["x"], { Entrypoint: [], Cmd: ["/sbin/init"] }, sha256),
  );
  expect(
    isAsMade({
      RepoTags: null,
      Config: { Cmd: null, Labels: { [label.content]: contentDigest(["x"], {}, sha256) } },
      RootFS: { Type: "layers", Layers: ["x"] },
    }),
  ).toBe(true);
});

test("of an image from before the label, one layer and a name are all there is to see", () => {
  const Config = { Cmd: ["/sbin/init"], Labels: { "berth.image": "debian-12" } };
  const see = (name: string, ...Layers: readonly string[]) =>
    isAsMade({ RepoTags: [name], Config, RootFS: { Type: "layers", Layers } });
  expect([see("berth/debian-12:latest", "a"), see("berth-loader:1", "a")]).toEqual([true, true]);
  expect([see("berth/debian-12:latest", "a", "b"), see("mine:1", "a"), see("berthold:1", "a")]).toEqual([
    false,
    false,
    false,
  ]);
});

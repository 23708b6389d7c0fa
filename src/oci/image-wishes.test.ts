import { expect, test } from "bun:test";
import type { OciConfig } from "./config.ts";
import { withoutImageWishes } from "./image-wishes.ts";

const image = `sha256:${"1".repeat(64)}`;
const configOf = (env: readonly string[] | undefined): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"], terminal: true, ...(env && { env: [...env] }) },
  root: { path: "rootfs" },
});

test.each<[string, readonly string[], readonly string[], readonly string[], readonly string[]]>([
  ["the user's alone", ["A=1", "BERTH_PROFILE=strict"], ["A=1"], ["A=1", "BERTH_PROFILE=strict"], []],
  ["the image's alone", ["A=1", "BERTH_PROFILE=strict"], ["A=1", "BERTH_PROFILE=strict"], ["A=1"], ["BERTH_PROFILE=strict"]],
  ["the user's over the image's", ["BERTH_PROFILE=full"], ["BERTH_PROFILE=strict"], ["BERTH_PROFILE=full"], []],
  [
    "all of the image's that ask for something",
    ["BERTH_IDS=1", "BERTH_RUNTIME=disabled", "oci-systemd-hook=disabled", "container_uuid=x", "container=y", "XBERTH_A=1"],
    ["BERTH_IDS=1", "BERTH_RUNTIME=disabled", "oci-systemd-hook=disabled", "container_uuid=x", "container=y", "XBERTH_A=1"],
    ["container=y", "XBERTH_A=1"],
    ["BERTH_IDS=1", "BERTH_RUNTIME=disabled", "oci-systemd-hook=disabled", "container_uuid=x"],
  ],
  ["empty ones, which ask for nothing", ["BERTH_IDS="], ["BERTH_IDS="], [], []],
  [
    "both's, with the image's id beside it",
    [`BERTH_IMAGE=${image}`, "BERTH_PROFILE=strict"],
    ["BERTH_PROFILE=strict"],
    [`BERTH_IMAGE=${image}`, "BERTH_PROFILE=strict"],
    [],
  ],
  [
    "both's, with another image's id in it",
    ["BERTH_IMAGE=sha256:2", "BERTH_PROFILE=strict"],
    ["BERTH_IMAGE=sha256:2", "BERTH_PROFILE=strict"],
    [],
    ["BERTH_IMAGE=sha256:2", "BERTH_PROFILE=strict"],
  ],
])("%s", (_, env, imageEnvironment, kept, ignored) => {
  const config = configOf(env);
  expect(withoutImageWishes(config, { image, imageEnvironment })).toEqual({ config: configOf(kept), ignored: [...ignored] });
  expect(config).toEqual(configOf(env));
});

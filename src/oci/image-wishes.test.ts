import { expect, test } from "bun:test";
import type { OciConfig } from "./config.ts";
import { withoutImageWishes } from "./image-wishes.ts";

const image = `sha256:${"1".repeat(64)}`;
const configOf = (env: readonly string[] | undefined): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"], terminal: true, ...(env && { env: [...env] }) },
  root: { path: "rootfs" },
});

const imageOf = (env: readonly string[]) => JSON.stringify({ config: { Env: env } });

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
  expect(withoutImageWishes(config, { image, imageJson: imageOf(imageEnvironment) })).toEqual({
    config: configOf(kept),
    ignored: [...ignored],
  });
  expect(config).toEqual(configOf(env));
});

// As encoding/json of Go reads them all: names in any case, the values of equal ones merged.
test.each([
  ["in the first of two configs", '{"config":{"Env":["BERTH_PROFILE=strict"]},"config":{"Labels":{}}}'],
  ["in the second of two", '{"config":{"Env":[],"env":["BERTH_PROFILE=strict"]}}'],
  ["kept by a null", '{"config":{"Env":["BERTH_PROFILE=strict"],"ENV":[null]}}'],
  ["in a config of another case", '{"Config":{"eNV":["BERTH_PROFILE=strict"]}}'],
  ["in letters that are the same to Go", '{"config":{"Env":[]},"con\u017fig":{"Env":["BERTH_PROFILE=strict"]}}'],
  ["in escapes", String.raw`{"config":{"env":["\u0042ERTH_PROFILE\u003dstrict"]}}`],
])("an image's own word is found %s", (_, imageJson) => {
  const config = configOf(["A=1", "BERTH_PROFILE=strict", "BERTH_IDS=131072"]);
  const without = { config: configOf(["A=1", "BERTH_IDS=131072"]), ignored: ["BERTH_PROFILE=strict"] };
  expect(withoutImageWishes(config, { image, imageJson })).toEqual(without);
});

test.each(["BERTH_HOSTNAME=a\ufffd", "BERTH_HOSTNAME=a\ud800", "oci-systemd-hook=\udc00", "container_uuid=\ufffd"])(
  "what cannot be compared is nobody's: %j",
  (entry) => {
    const without = { config: configOf(["A=\ufffd"]), ignored: [entry] };
    expect(withoutImageWishes(configOf(["A=\ufffd", entry]), { image, imageJson: imageOf([]) })).toEqual(without);
  },
);

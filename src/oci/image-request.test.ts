import { describe, expect, test } from "bun:test";
import type { OciConfig } from "./config.ts";
import { checkTold, withoutImageRequest } from "./image-request.ts";

const image = `sha256:${"1".repeat(64)}`;
const configOf = (env: readonly string[] | undefined): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"], terminal: true, ...(env && { env: [...env] }) },
  root: { path: "rootfs" },
});

const imageOf = (env: readonly string[]) => ({ text: JSON.stringify({ config: { Env: env } }) });

test.each<[string, readonly string[], readonly string[], readonly string[], readonly string[]]>([
  ["the user's alone", ["A=1", "BERTH_PROFILE=strict"], ["A=1"], ["A=1", "BERTH_PROFILE=strict"], []],
  [
    "the image's alone",
    ["A=1", "BERTH_PROFILE=strict"],
    ["A=1", "BERTH_PROFILE=strict"],
    ["A=1"],
    ["BERTH_PROFILE=strict"],
  ],
  [
    "the user's over the image's",
    ["BERTH_PROFILE=full"],
    ["BERTH_PROFILE=strict"],
    ["BERTH_PROFILE=full"],
    [],
  ],
  [
    "all of the image's that ask for something",
    [
      "BERTH_IDS=1",
      "BERTH_RUNTIME=disabled",
      "oci-systemd-hook=disabled",
      "container_uuid=x",
      "container=y",
      "XBERTH_A=1",
    ],
    [
      "BERTH_IDS=1",
      "BERTH_RUNTIME=disabled",
      "oci-systemd-hook=disabled",
      "container_uuid=x",
      "container=y",
      "XBERTH_A=1",
    ],
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
  expect(withoutImageRequest(config, { image, imageJson: imageOf(imageEnvironment) })).toEqual({
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
  [
    "in letters that are the same to Go",
    '{"config":{"Env":[]},"con\u017fig":{"Env":["BERTH_PROFILE=strict"]}}',
  ],
  ["in escapes", String.raw`{"config":{"env":["\u0042ERTH_PROFILE\u003dstrict"]}}`],
])("an image's own word is found %s", (_, text) => {
  const config = configOf(["A=1", "BERTH_PROFILE=strict", "BERTH_IDS=131072"]);
  const without = { config: configOf(["A=1", "BERTH_IDS=131072"]), ignored: ["BERTH_PROFILE=strict"] };
  expect(withoutImageRequest(config, { image, imageJson: { text } })).toEqual(without);
});

test.each([
  "BERTH_HOSTNAME=a\ufffd",
  "BERTH_HOSTNAME=a\ud800",
  "oci-systemd-hook=\udc00",
  "container_uuid=\ufffd",
])("what cannot be compared is nobody's: %j", (entry) => {
  const without = { config: configOf(["A=\ufffd"]), ignored: [entry] };
  expect(withoutImageRequest(configOf(["A=\ufffd", entry]), { image, imageJson: imageOf([]) })).toEqual(
    without,
  );
});

describe("with the image gone", () => {
  const word = { image, imageJson: { unread: "is gone" } };

  test.each<[string, readonly string[], readonly string[], readonly string[]]>([
    [
      "nothing of ours counts",
      ["A=1", "BERTH_PROFILE=strict", "BERTH_IDS="],
      ["A=1"],
      ["BERTH_PROFILE=strict"],
    ],
    [
      "nor with another image's id beside it",
      ["BERTH_IMAGE=sha256:2", "oci-systemd-hook=disabled", "container_uuid=x"],
      [],
      ["oci-systemd-hook=disabled", "container_uuid=x"],
    ],
    ["what asks for nothing is no matter", ["A=1", "BERTH_IMAGE=sha256:2", "BERTH_PROFILE="], ["A=1"], []],
    [
      "its own id vouches",
      [`BERTH_IMAGE=${image}`, "BERTH_PROFILE=strict"],
      [`BERTH_IMAGE=${image}`, "BERTH_PROFILE=strict"],
      [],
    ],
  ])("%s", (_, env, kept, named) => {
    const { config, ignored } = withoutImageRequest(configOf(env), word);
    expect(config).toEqual(configOf(kept));
    if (named.length === 0) return expect(() => checkTold(word, ignored)).not.toThrow();
    expect(() => checkTold(word, ignored)).toThrow(
      expect.objectContaining({
        code: "not-found",
        message: `cannot tell whether you or the image set ${named.join(", ")}: the image of this container is gone`,
        hint: expect.stringContaining(image),
      }),
    );
  });

  test("an image that is there is no reason", () =>
    expect(() => checkTold({ image, imageJson: imageOf([]) }, ["BERTH_IDS=1"])).not.toThrow());
});

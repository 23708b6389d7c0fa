import { expect, test } from "bun:test";
import { sha256 } from "#host/files/sha256.ts";
import { builderNames, builderPlace, hasIds, isBuilder, proxyVariables } from "./builder-image.ts";

test("one builder for each base", () => {
  const { reference } = builderPlace("debian:trixie-slim", sha256);
  expect(reference).toMatch(/^berth-builder:[0-9a-f]{12}$/);
  expect(builderPlace("debian:trixie-slim", sha256).reference).toBe(reference);
  expect(builderPlace("debian:sid-slim", sha256).reference).not.toBe(reference);
  const labels = { "berth.builder": "debian:trixie-slim" };
  expect(builderNames(labels, [reference, "mine:1"])).toEqual([reference]);
  expect(builderNames({}, [reference])).toEqual([]);
  expect(builderNames(labels, null)).toEqual([]);
});

test("a base that was pulled anew takes a new builder, one that is gone takes none", () => {
  const image = (base: string, ...Layers: string[]) => ({
    Config: { Labels: { "berth.builder": base } },
    RootFS: { Type: "layers", Layers },
  });
  const builder = image("debian:trixie-slim", "a", "b", "mmdebstrap");
  const cases = [
    [image("", "a", "b"), true],
    [undefined, true],
    [image("", "a", "c"), false],
    [image("", "a", "b", "mmdebstrap", "d"), false],
  ] as const;
  for (const [found, is] of cases) expect(isBuilder(builder, "debian:trixie-slim", found)).toBe(is);
  expect(isBuilder(builder, "debian:sid-slim", undefined)).toBe(false);
});

test.each([
  ["a host", "0 0 4294967295", true],
  ["a container with ids to spare", "0 1000000 1000000000", true],
  ["just enough", "0 2000224256 165536", true],
  ["one too few", "0 2000224256 165535", false],
  ["a machine, an unprivileged container", "0 100000 65536", false],
  ["a rootless engine", "0 1000 1\n1 100000 65536", false],
  ["another range", "0 1000 1\n100000 200000 65536", true],
  ["one that begins later", "100001 200000 131072", false],
])("ids to build with: %s", (_, map, expected) => {
  const script = `${hasIds}; printf '%s\\n' "$1" | has_ids /dev/stdin`;
  expect(Bun.spawnSync(["sh", "-euc", script, "sh", map]).exitCode === 0).toBe(expected);
});

test("proxies, and nothing else of the environment", () => {
  expect(
    proxyVariables({ HTTP_PROXY: "http://p:1", no_proxy: "local", https_proxy: "", TOKEN: "x" }),
  ).toEqual(["http_proxy=http://p:1", "no_proxy=local"]);
  expect(proxyVariables({ http_proxy: "http://a:1", HTTP_PROXY: "http://b:1" })).toEqual([
    "http_proxy=http://a:1",
  ]);
});

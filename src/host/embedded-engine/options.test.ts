import { describe, expect, test } from "bun:test";
import { dockerdArguments } from "./daemon-config.ts";
import { checkOptions, defaultEmbeddedEngine, type EmbeddedEngineOptions } from "./options.ts";

const good: EmbeddedEngineOptions = { name: "a", stateDirectory: "/run/a", dataDirectory: "/var/a" };

describe("checkOptions", () => {
  test.each<[string, Partial<EmbeddedEngineOptions>]>([
    ["a name that climbs", { name: "../a" }],
    ["a name with capitals", { name: "A" }],
    ["an empty name", { name: "" }],
    ["a relative path", { dataDirectory: "a" }],
    ["the root as data", { dataDirectory: "/" }],
    ["a path of two lines", { stateDirectory: "/run/a\nb" }],
    ["a socket path that is too long", { stateDirectory: `/run/${"a".repeat(100)}` }],
    ["a lent layer by a relative path", { lentLayers: { "0a1b": "b" } }],
    ["a root that overlay options cannot name", { rootDirectory: "/roots/a,b" }],
  ])("refuses %s", (_, change) => {
    expect(() => checkOptions({ ...good, ...change })).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test("takes ordinary ones", () => {
    expect(() =>
      checkOptions({ ...good, rootDirectory: "/roots/trixie", shownDirectories: ["/opt/a b"] }),
    ).not.toThrow();
  });
});

test("the product's places", () => {
  expect(defaultEmbeddedEngine()).toEqual({
    name: "default",
    stateDirectory: "/run/berth/engine",
    dataDirectory: "/var/lib/berth/engine",
  });
  expect(defaultEmbeddedEngine("x").stateDirectory).toBe("/run/berth/engine-x");
});

test("what daemon.json says gets no flag, since dockerd refuses both", () => {
  const options = { ...good, bridgeAddress: "172.20.0.1/16", uplink: true };
  expect(dockerdArguments(options, {}, "/berth-engine-one")).toEqual(
    expect.arrayContaining(["--bip=172.20.0.1/16", "--dns=10.0.2.3"]),
  );
  const flags = dockerdArguments(options, { bip: "10.1.0.1/24", dns: ["10.1.0.2"] }, "/berth-engine-one");
  expect(flags.filter((flag) => /^--(bip|dns)=/.test(flag))).toEqual([]);
});

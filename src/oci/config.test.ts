import { describe, expect, test } from "bun:test";
import { environmentOf, nameHost, type OciConfig, ownsNamespace } from "./config.ts";

const configOf = (env: string[] | undefined, linux?: OciConfig["linux"]): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"], ...(env ? { env } : {}) },
  root: { path: "rootfs" },
  ...(linux ? { linux } : {}),
});

describe("environmentOf", () => {
  test.each([
    [["A=1"], "1"],
    [["A=1", "A=2"], "2"],
    [["A="], ""],
    [["A=b=c"], "b=c"],
    [["AB=1"], undefined],
    [["A"], undefined],
    [[], undefined],
    [undefined, undefined],
  ])("%p", (env, value) => {
    expect(environmentOf(configOf(env), "A")).toBe(value);
  });
});

describe("ownsNamespace", () => {
  test.each([
    [{ namespaces: [{ type: "network" }] }, true],
    [{ namespaces: [{ type: "network", path: "/proc/1/ns/net" }] }, false],
    [{ namespaces: [{ type: "pid" }] }, false],
    [{}, false],
    [undefined, false],
  ])("%p", (linux, owns) => {
    expect(ownsNamespace(configOf([], linux), "network")).toBe(owns);
  });
});

describe("nameHost", () => {
  const config: OciConfig = {
    ...configOf(["HOSTNAME=old", "HOSTNAME=mine"], { namespaces: [{ type: "uts" }] }),
    hostname: "old",
  };

  test("names the container, and where the engine's name is in the environment that too", () => {
    expect(nameHost(config, "new")).toEqual({
      ...config,
      hostname: "new",
      process: { args: ["/sbin/init"], env: ["HOSTNAME=new", "HOSTNAME=mine"] },
    });
  });
});

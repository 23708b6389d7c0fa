import { expect, test } from "bun:test";
import { sha256 } from "#host/files/sha256.ts";
import { builderNames, builderPlace, proxyVariables, renderBuilderContainer } from "./builder-image.ts";

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

test("a container gets no more rights than its task takes, and nothing of the host", () => {
  const security = ["name=apparmor", "name=seccomp,profile=default", "name=cgroupns"];
  const install = renderBuilderContainer("base", "install", security).HostConfig;
  expect(install).toEqual({
    AutoRemove: true,
    CapDrop: ["ALL"],
    CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID"],
    SecurityOpt: ["no-new-privileges"],
  });
  const build = renderBuilderContainer("base", "build", security).HostConfig;
  expect(build?.CapAdd).toEqual([...(install?.CapAdd ?? []), "SYS_ADMIN", "SYS_CHROOT"]);
  expect(build?.SecurityOpt).toEqual(["no-new-privileges", "apparmor=unconfined"]);
  expect(Object.keys(build ?? {})).toEqual(Object.keys(install ?? {}));
});

test("mounting needs leave of what forbids it to containers, where the engine has that", () => {
  const options = (...security: string[]) =>
    renderBuilderContainer("base", "build", security).HostConfig?.SecurityOpt;
  expect(options("name=selinux", "name=cgroupns")).toEqual(["no-new-privileges", "label=disable"]);
  expect(options("name=seccomp,profile=default")).toEqual(["no-new-privileges"]);
});

test("proxies, and nothing else of the environment", () => {
  expect(
    proxyVariables({ HTTP_PROXY: "http://p:1", no_proxy: "local", https_proxy: "", TOKEN: "x" }),
  ).toEqual(["http_proxy=http://p:1", "no_proxy=local"]);
  expect(proxyVariables({ http_proxy: "http://a:1", HTTP_PROXY: "http://b:1" })).toEqual([
    "http_proxy=http://a:1",
  ]);
});

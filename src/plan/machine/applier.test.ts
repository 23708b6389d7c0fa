import { expect, test } from "bun:test";
import type { SystemInfo } from "#api/system.ts";
import type { Guest } from "#contract/guest.ts";
import { type ApiRequest, chooseByApi } from "./applier.ts";
import { findBerthRuntime, hasRuntime, isBerthRuntime } from "./berth-runtime.ts";

const info: SystemInfo = {
  ID: "x",
  Name: "host",
  ServerVersion: "28.5.1",
  Containers: 0,
  ContainersRunning: 0,
  Images: 0,
  Driver: "overlay2",
  DriverStatus: null,
  DockerRootDir: "/var/lib/docker",
  OSType: "linux",
  OperatingSystem: "Debian",
  Architecture: "x86_64",
  KernelVersion: "6.1.0-9-amd64",
  NCPU: 2,
  MemTotal: 2 ** 30,
  CgroupDriver: "systemd",
  CgroupVersion: "2",
  MemoryLimit: true,
  SwapLimit: true,
  Runtimes: {
    runc: { path: "runc" },
    mine: { path: "/opt/berth-runtime" },
    lookalike: { path: "berth-runtimes" },
  },
  DefaultRuntime: "runc",
  SecurityOptions: ["name=apparmor", "name=seccomp,profile=builtin"],
  Swarm: { LocalNodeState: "inactive", ControlAvailable: false },
  LiveRestoreEnabled: false,
  Labels: null,
  Warnings: null,
};

const guest: Guest = {
  os: undefined,
  init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version: 252 },
  machineId: "",
  mergedUsr: true,
};
const request: ApiRequest = {
  name: "web",
  profile: "strict",
  capabilities: ["CAP_NET_ADMIN"],
  lxcfs: false,
  tmpfs: { "/cache": "size=1m" },
  machineId: "0123456789abcdef0123456789abcdef",
};

const apiOf = (changes: Partial<SystemInfo>) => {
  const { applier } = chooseByApi({ ...info, ...changes }, guest, request);
  return "api" in applier ? applier.api : undefined;
};

test("an engine on cgroup v2 gives a machine its own cgroups", () => {
  const chosen = chooseByApi(info, guest, request);
  expect(chosen.applier).toMatchObject({
    api: {
      cgroupNamespace: "private",
      cgroupParent: undefined,
      securityOptions: ["writable-cgroups=true"],
      stopSignal: "37",
      capabilitiesAdded: expect.arrayContaining(["CAP_NET_ADMIN"]) as string[],
    },
  });
  expect(apiOf({})?.tmpfs["/cache"]).toContain("size=1m");
  expect(chosen.warnings).toEqual(expect.arrayContaining([...(apiOf({})?.degradations ?? [])]));
});

test.each([
  ["", undefined],
  ["fedcba9876543210fedcba9876543210", request.machineId],
])("an image with the machine-id %j gives its machines %p", (machineId, expected) => {
  expect(chooseByApi(info, { ...guest, machineId }, request).machineId).toBe(expected as string);
});

test.each([["27.5.1"], ["20.10.24+dfsg1"]])("Docker %s on cgroup v2 cannot", (ServerVersion) => {
  expect(() => apiOf({ ServerVersion })).toThrow(expect.objectContaining({ code: "host-unfit" }));
});

test.each([
  ["systemd", "berth-web.slice"],
  ["cgroupfs", "/berth-machine-web"],
] as const)("on cgroup v1 by the driver %s the machine has the parent %s", (CgroupDriver, parent) => {
  const api = apiOf({ CgroupVersion: "1", CgroupDriver, ServerVersion: "20.10.24+dfsg1" });
  expect([api?.cgroupNamespace, api?.cgroupParent]).toEqual(["host", parent]);
});

test.each([
  ["runc", false],
  ["mine", true],
  ["lookalike", false],
  ["berth", false],
  ["toString", false],
])("the runtime %s is berth-runtime: %p", (name, expected) => {
  expect(isBerthRuntime(info, name)).toBe(expected);
});

test("an engine has berth-runtime where that is registered by its name", () => {
  const registered = { ...info, Runtimes: { berth: { path: "/x" } } };
  expect([hasRuntime(info), hasRuntime(registered)]).toEqual([false, true]);
  expect(isBerthRuntime(registered, "berth")).toBe(true);
});

const own = { path: "/opt/berth-runtime" };

test.each<[string, SystemInfo["Runtimes"], string, string | undefined]>([
  ["the default one", { a: own, berth: own, b: own }, "b", "b"],
  ["the one of the usual name", { a: own, berth: own }, "runc", "berth"],
  ["any", { runc: { path: "runc" }, a: own }, "runc", "a"],
  ["none", { runc: { path: "runc" } }, "runc", undefined],
])("of an engine's runtimes berth-runtime is %s", (_name, Runtimes, DefaultRuntime, expected) => {
  expect(findBerthRuntime({ ...info, Runtimes, DefaultRuntime })).toBe(expected as string);
});

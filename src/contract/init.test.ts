import { describe, expect, test } from "bun:test";
import { contract } from "./contract.ts";
import { parseGuest, type RootFiles } from "./guest.ts";
import type { Host } from "./host.ts";
import {
  type InitKind,
  type InitSystem,
  initEndings,
  initKindOf,
  initPaths,
  inits,
  isInitKind,
  isInitPath,
} from "./init.ts";
import type { MachineRequest } from "./request.ts";

const anything = () => true;

test.each<[string, string[], string, InitKind | undefined]>([
  ["systemd", ["/sbin/init"], "/usr/lib/systemd/systemd", "systemd"],
  ["systemd for a user", ["/usr/lib/systemd/systemd", "--user"], "/usr/lib/systemd/systemd", undefined],
  ["openrc-init", ["/sbin/init"], "/sbin/openrc-init", "openrc"],
  ["runit", ["/sbin/runit"], "/usr/bin/runit", "runit"],
  ["runit-init", ["/sbin/init"], "/sbin/runit-init", "runit"],
  ["busybox by a link", ["/sbin/init"], "/bin/busybox", "busybox"],
  ["busybox by its name", ["/bin/busybox", "init"], "/bin/busybox", "busybox"],
  ["busybox as a shell", ["/bin/busybox", "sh"], "/bin/busybox", undefined],
  ["s6-linux-init", ["/sbin/init"], "/etc/s6-linux-init/current/bin/init", "s6"],
  ["sysvinit", ["/sbin/init"], "/usr/sbin/init", "sysvinit"],
  ["somebody's program named init", ["/app/init"], "/app/init", undefined],
  ["tini", ["/usr/bin/tini", "--", "/sbin/init"], "/usr/bin/tini", undefined],
])("%s", (_, command, program, kind) => {
  expect(initKindOf(command, { program, has: anything })).toBe(kind);
});

test.each([
  ["s6's", "/etc/s6-linux-init/current/bin/init", "s6"],
  ["any other", "/usr/lib/systemd/systemd", undefined],
] as const)("a script as %s", (_, program, kind) => {
  expect(initKindOf(["/sbin/init"], { program, has: anything, isElf: () => false })).toBe(kind);
});

test.each([
  ["/sbin/init", true],
  ["/lib/systemd/systemd", true],
  ["/sbin/runit", true],
  ["/init", false],
  ["/bin/busybox", false],
  ["/sbin/docker-init", false],
  ["/usr/bin/sleep", false],
  [undefined, false],
])("%p is an init's path: %p", (path, expected) => {
  expect(isInitPath(path)).toBe(expected);
});

test("a root is searched for an init in the places of custom", () => {
  expect(initPaths()).toEqual([
    "/sbin/init",
    "/usr/lib/systemd/systemd",
    "/lib/systemd/systemd",
    "/usr/bin/init",
    "/init",
  ]);
});

describe("a seventh init is one entry", () => {
  const dinit: InitSystem = {
    stopSignal: 15,
    rebootsToStop: true,
    source: "dinit(8): SIGTERM shuts the system down",
    endings: ["/dinit"],
    isProgram: (program) => /^(\/usr)?\/s?bin\/dinit$/.test(program),
    paths: ["/sbin/dinit"],
  };
  const table = { ...inits, dinit };
  const host: Host = {
    cgroup: { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: true },
    capabilities: new Set(["CAP_CHOWN", "CAP_SYS_BOOT"]),
    userNamespaces: "free",
    lsm: { apparmor: false, selinux: false },
    sysctlDirectories: [],
    memory: 2 ** 30,
    kernel: [6, 1],
  };
  const request: MachineRequest = {
    profile: "strict",
    applied: "runtime",
    ids: 65_536,
    storage: "overlay",
    remapped: false,
    shared: [],
    capabilities: ["CAP_CHOWN"],
    terminal: true,
    machineId: "0123456789abcdef0123456789abcdef",
    manager: "docker",
    ownNetwork: true,
  };
  const files: RootFiles = {
    resolve: (path) => (path === "/sbin/dinit" ? "/usr/sbin/dinit" : undefined),
    read: () => undefined,
    list: () => [],
    isElf: anything,
  };

  test("that reads a root with it, and says what it needs", () => {
    const reading = parseGuest(["/sbin/dinit"], files, table);
    expect(reading).toMatchObject({ guest: { init: { kind: "dinit", program: "/usr/sbin/dinit" } } });
    expect(parseGuest(["/sbin/dinit"], files)).toEqual({ missing: "init" });
    if (!("guest" in reading)) throw new Error("no guest");
    const needs = contract(reading.guest, host, request, table);
    expect([needs.stopSignal, needs.capabilities]).toEqual([15, ["CAP_CHOWN", "CAP_SYS_BOOT"]]);
  });

  test("that is found by its label, by its path, and in a root without /sbin/init", () => {
    expect([isInitKind("dinit", table), isInitKind("dinit")]).toEqual([true, false]);
    expect([isInitPath("/sbin/dinit", table), isInitPath("/sbin/dinit")]).toEqual([true, false]);
    expect(initPaths(table)).toContain("/sbin/dinit");
    expect(initEndings(table)).toContain("/dinit");
  });
});

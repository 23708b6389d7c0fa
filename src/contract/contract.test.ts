import { describe, expect, test } from "bun:test";
import { capabilities as known } from "#linux/capability.ts";
import { contract } from "./contract.ts";
import type { Guest } from "./guest.ts";
import type { Host } from "./host.ts";
import type { InitKind } from "./init.ts";
import type { MachineRequest } from "./request.ts";
import { contractTmpfs } from "./tmpfs.ts";

const host: Host = {
  cgroup: { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: true },
  capabilities: new Set(known),
  userNamespaces: "free",
  lsm: { apparmor: false, selinux: false },
  sysctlDirectories: ["abi", "fs", "kernel", "net", "vm"],
  memory: 16 * 1024 ** 3,
  kernel: [6, 1],
};
const guestOf = (kind: InitKind, version?: number): Guest => ({
  os: undefined,
  init: { kind, program: "/sbin/init", version },
  machineId: "",
  mergedUsr: true,
});
const request: MachineRequest = {
  profile: "strict",
  applied: "runtime",
  ids: 65_536,
  storage: "overlay",
  remapped: false,
  shared: [],
  capabilities: ["CAP_CHOWN", "CAP_KILL"],
  terminal: true,
  machineId: "0123456789abcdef0123456789abcdef",
  manager: "docker",
  ownNetwork: true,
};
const systemd = guestOf("systemd", 252);

test("what systemd 252 gets on a v2 host", () => {
  const { masks, systemCalls, unknownSystemCalls, ...rest } = contract(systemd, host, request);
  expect(rest).toEqual({
    profile: "strict",
    ids: undefined,
    lxcfs: [],
    cgroup: "cgroup2",
    ...contractTmpfs(host.memory, {
      init: "systemd",
      profile: "strict",
      limit: undefined,
      shmSize: undefined,
    }),
    environment: { container_uuid: "01234567-89ab-cdef-0123-456789abcdef" },
    defaultEnvironment: { container: "docker" },
    arguments: [],
    capabilities: ["CAP_CHOWN", "CAP_KILL"],
    lacking: [],
    labels: { apparmor: undefined, selinux: undefined },
    stopSignal: 37,
    machineId: undefined,
    readOnlySysctls: ["/proc/sys/abi", "/proc/sys/fs", "/proc/sys/kernel", "/proc/sys/vm"],
    warnings: [],
  });
  expect(systemCalls).toContain("name_to_handle_at");
  expect(new Set([...systemCalls, ...unknownSystemCalls]).size).toBe(
    systemCalls.length + unknownSystemCalls.length,
  );
  expect(masks.generators).toContain("systemd-gpt-auto-generator");
  for (const unit of [
    "systemd-udev-trigger.service",
    "systemd-firstboot.service",
    "systemd-modules-load.service",
    "systemd-binfmt.service",
    "systemd-hwdb-update.service",
    "systemd-journald-audit.socket",
    "dev-hugepages.mount",
    "getty@.service",
  ]) {
    expect(masks.units).toContain(unit);
  }
  expect(new Set(masks.units).size).toBe(masks.units.length);
});

test("the machine's memory limit and what is asked for /dev/shm decide how much its tmpfs hold", () => {
  const needs = contract(systemd, host, { ...request, memory: 2 ** 28, shmSize: 2 ** 27 });
  const { tmpfs, shm, user } = contractTmpfs(host.memory, {
    init: "systemd",
    profile: "strict",
    limit: 2 ** 28,
    shmSize: 2 ** 27,
  });
  expect(needs).toMatchObject({ tmpfs, shm, user });
});

describe("each init", () => {
  test.each<[InitKind, number, boolean]>([
    ["systemd", 37, false],
    ["sysvinit", 2, true],
    ["openrc", 15, true],
    ["runit", 30, true],
    ["busybox", 12, true],
    ["s6", 10, true],
  ])("%s stops by signal %d; ends by reboot(2): %p", (kind, stopSignal, reboots) => {
    const needs = contract(guestOf(kind, kind === "systemd" ? 252 : undefined), host, request);
    expect(needs.stopSignal).toBe(stopSignal);
    expect(needs.capabilities).toEqual(["CAP_CHOWN", "CAP_KILL", ...(reboots ? ["CAP_SYS_BOOT"] : [])]);
    expect(needs.systemCalls.includes("reboot")).toBe(reboots);
    expect(needs.masks.units.length > 0).toBe(kind === "systemd");
    expect(needs.arguments).toEqual([]);
  });
});

describe("masks", () => {
  test.each([
    [215, false],
    [238, false],
    [239, true],
    [262, true],
    [undefined, true],
  ])("systemd %p gets them as a directory: %p", (version, byDirectory) => {
    const hybrid: Host = {
      ...host,
      cgroup: { layout: "hybrid", named: "/n", unified: "/u", nsdelegate: false },
    };
    const { masks, arguments: words } = contract(guestOf("systemd", version), hybrid, request);
    expect(masks.units.includes("systemd-udevd.service")).toBe(byDirectory);
    expect(masks.generators.length > 0).toBe(byDirectory);
    expect(words.includes("systemd.mask=systemd-udevd.service")).toBe(!byDirectory);
    expect(words.every((word) => word.startsWith("systemd.mask="))).toBe(true);
  });

  test("arguments for the cgroup view stand beside them", () => {
    const v1: Host = {
      ...host,
      cgroup: { layout: "v1", named: "/n", unified: undefined, nsdelegate: false },
    };
    expect(contract(guestOf("systemd", 257), v1, request).arguments).toEqual([
      "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
    ]);
  });
});

describe("capabilities", () => {
  const asked = { ...request, capabilities: ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_BOOT"] };
  const poor: Host = { ...host, capabilities: new Set(["CAP_CHOWN"]) };

  test.each([
    ["all there", systemd, host, ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_BOOT"], []],
    [
      "unknown, so all are tried",
      systemd,
      { ...host, capabilities: undefined },
      ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_BOOT"],
      [],
    ],
    ["two lacking", systemd, poor, ["CAP_CHOWN"], ["CAP_SYS_RESOURCE", "CAP_SYS_BOOT"]],
    [
      "one asked for by user and init is lacking once",
      guestOf("runit"),
      poor,
      ["CAP_CHOWN"],
      ["CAP_SYS_RESOURCE", "CAP_SYS_BOOT"],
    ],
    ["not doubled", guestOf("runit"), host, ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_BOOT"], []],
  ] as const)("%s", (_, guest, outside, granted, lacking) => {
    const needs = contract(guest, outside, asked);
    expect(needs.capabilities).toEqual([...granted]);
    expect(needs.warnings).toHaveLength(lacking.length);
    for (const [index, name] of lacking.entries()) expect(needs.warnings[index]).toContain(name);
  });
});

test.each([
  ["another user than root", { user: 1000 }, /user 1000/],
  ["no capability at all", { capabilities: [] }, /--cap-drop=ALL/],
])("an init cannot live with %s, in any profile", (_, asked, message) => {
  for (const profile of ["strict", "full", "privileged", undefined] as const) {
    expect(() => contract(systemd, host, { ...request, ...asked, profile })).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringMatching(message) }),
    );
  }
});

test("root by its number is root, and where the engine's API adds capabilities there may be none to add", () => {
  expect(contract(systemd, host, { ...request, user: 0 })).toEqual(contract(systemd, host, request));
  expect(contract(systemd, host, { ...request, applied: "api", capabilities: [] }).capabilities).toEqual([]);
});

test.each([
  ["runit", ["ALL"], false],
  ["runit", ["CAP_SYS_BOOT"], false],
  ["runit", ["CAP_KILL"], true],
  ["runit", undefined, true],
] as const)("%s, of which %p was dropped, may reboot: %p", (kind, dropped, mayReboot) => {
  for (const profile of ["strict", "full"] as const) {
    const needs = contract(guestOf(kind), host, { ...request, profile, dropped });
    expect(needs.capabilities.includes("CAP_SYS_BOOT")).toBe(mayReboot);
    expect(needs.warnings.some((text) => text.includes("reboot(2)"))).toBe(!mayReboot);
  }
});

test.each(["strict", "full"] as const)(
  "what the seccomp profile refuses by name stays refused in %s, and is said",
  (profile) => {
    const needs = contract(systemd, host, { ...request, profile, refused: ["unshare", "statx", "bpf"] });
    const [free, held] = [contract(systemd, host, { ...request, profile }).systemCalls, needs.systemCalls];
    const gone = profile === "full" ? ["statx", "unshare"] : ["statx"];
    expect(free.filter((name) => !held.includes(name)).toSorted()).toEqual(gone);
    expect(needs.warnings).toEqual([expect.stringContaining(gone.join(", "))]);
  },
);

test("no terminal is one warning, and every warning is said", () => {
  const v2: Host = {
    ...host,
    cgroup: { ...host.cgroup, nsdelegate: false },
    capabilities: new Set(["CAP_KILL"]),
  };
  const { warnings } = contract(systemd, v2, { ...request, terminal: false });
  expect(warnings.map((text) => /nsdelegate|CAP_CHOWN|docker run -t/.exec(text)?.[0])).toEqual([
    "nsdelegate",
    "CAP_CHOWN",
    "docker run -t",
  ]);
});

test("the host's network keeps all sysctls read-only", () => {
  expect(contract(systemd, host, { ...request, ownNetwork: false }).readOnlySysctls).toBeUndefined();
});

describe("another container's network", () => {
  const inherited = {
    ...request,
    profile: undefined,
    dropped: [],
    shared: ["network"],
    ownNetwork: false,
    inheritsNetwork: true,
  };

  test("a machine in a user namespace is told what it cannot change, and sets nothing up", () => {
    const needs = contract(systemd, host, inherited);
    expect(needs).toMatchObject({ profile: "full", ids: 65_536, readOnlySysctls: undefined });
    expect(needs.warnings).toEqual([expect.stringContaining("cannot change it")]);
    for (const unit of ["networking.service", "systemd-networkd.socket", "ifup@.service"])
      expect(needs.masks.units).toContain(unit);
    expect(new Set(needs.masks.units).size).toBe(needs.masks.units.length);
    // That a firewall is not in force must show.
    for (const unit of ["nftables.service", "netfilter-persistent.service"])
      expect(needs.masks.units).not.toContain(unit);
    expect(needs.capabilities).toContain("CAP_NET_ADMIN");
  });

  test("one that the engine has made is called that", () => {
    const made = { ...inherited, shared: [], ownNetwork: true, manager: "podman" as const };
    const needs = contract(systemd, host, made);
    expect(needs.warnings.join()).toMatch(
      /engine has made the machine's network: the machine cannot change it/,
    );
  });

  test.each([
    ["strict by request", { ...inherited, profile: "strict" as const }],
    ["the host's network", { ...inherited, inheritsNetwork: false }],
    ["a network of its own", request],
  ])("%s: none of that", (_, other) => {
    const needs = contract(systemd, host, other);
    expect(needs.masks.units).not.toContain("networking.service");
    expect(needs.warnings.filter((text) => text.includes("cannot change it"))).toEqual([]);
  });

  test("an old systemd gets the masks as arguments", () => {
    const hybrid: Host = {
      ...host,
      cgroup: { layout: "hybrid", named: "/n", unified: "/u", nsdelegate: false },
    };
    expect(contract(guestOf("systemd", 215), hybrid, inherited).arguments).toContain(
      "systemd.mask=networking.service",
    );
  });
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["uninitialized", undefined],
  ["ffffffffffffffffffffffffffffffff", request.machineId],
  ["garbage", request.machineId],
  // What systemd wrote at the first boot: mounting over it would make systemd-machine-id-commit.service run,
  // and fail.
  [request.machineId, undefined],
] as const)("a machine-id that is %p", (found, expected) => {
  expect(contract({ ...systemd, machineId: found }, host, request).machineId).toBe(expected);
});

test.each(["docker", "podman", "oci"] as const)(
  "$container is %s unless the user says otherwise",
  (manager) => {
    expect(contract(systemd, host, { ...request, manager }).defaultEnvironment).toEqual({
      container: manager,
    });
  },
);

test("its inputs are left alone", () => {
  const frozen = Object.freeze({ ...request, capabilities: Object.freeze([...request.capabilities]) });
  expect(() => contract(Object.freeze(guestOf("runit")), Object.freeze({ ...host }), frozen)).not.toThrow();
});

test.each([
  [true, 1],
  [false, 0],
  [undefined, 0],
])("no-new-privileges %p gives %d warnings", (noNewPrivileges, count) => {
  const { warnings } = contract(systemd, host, { ...request, noNewPrivileges });
  expect(warnings.filter((text) => text.includes("no-new-privileges"))).toHaveLength(count);
});

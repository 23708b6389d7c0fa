import { describe, expect, test } from "bun:test";
import { capabilities as known } from "#linux/capability.ts";
import type { Host } from "./host.ts";
import { hostObstacles, mustTryLayers } from "./obstacle.ts";
import { contractProfile, profileCapabilities } from "./profile.ts";
import type { Profile } from "./profiles.ts";
import type { MachineRequest } from "./request.ts";

const host: Host = {
  cgroup: { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: true },
  capabilities: new Set(known),
  userNamespaces: "free",
  lsm: { apparmor: false, selinux: false },
  sysctlDirectories: [],
  memory: 16 * 1024 ** 3,
  kernel: [6, 1],
};
const request: MachineRequest = {
  profile: undefined,
  applied: "runtime",
  ids: 65_536,
  storage: "overlay",
  remapped: false,
  shared: [],
  capabilities: [],
  terminal: true,
  machineId: "0123456789abcdef0123456789abcdef",
  manager: "docker",
  ownNetwork: true,
};
const without = (...names: readonly string[]) => new Set(known.filter((name) => !names.includes(name)));

describe("the profile", () => {
  test.each([
    [undefined, "full"],
    ["full", "full"],
    ["strict", "strict"],
    ["privileged", "privileged"],
  ] as const)("%p asked for where everything can be: %p, without a word", (profile, expected) => {
    expect(contractProfile(host, { ...request, profile })).toEqual({ profile: expected, warnings: [] });
  });

  const obstacles: readonly [string, Partial<Host>, Partial<MachineRequest>, RegExp][] = [
    ["a kernel that has refused", { kernel: [5, 18], mapsLayers: false }, {}, /kernel 5\.18 .*5\.19/],
    ["mounts over /proc", { procCover: "/proc/cpuinfo" }, {}, /the mount at \/proc\/cpuinfo lets no/],
    ["a much older kernel", { kernel: [4, 19] }, {}, /kernel 4\.19/],
    ["an engine in a user namespace", { userNamespaces: "nested" }, {}, /user namespace/],
    ["no FUSE", { fuse: false }, {}, /\/dev\/fuse/],
    ["user namespaces that are off", { userNamespaces: "off" }, {}, /max_user_namespaces/],
    ["a host without CAP_SYS_ADMIN", { capabilities: without("CAP_SYS_ADMIN") }, {}, /lacks CAP_SYS_ADMIN$/],
    [
      "a host without two of them",
      { capabilities: without("CAP_SETUID", "CAP_CHOWN") },
      {},
      /lacks CAP_SETUID, CAP_CHOWN$/,
    ],
    [
      "an AppArmor profile of the user's that forbids mounts",
      {},
      { labels: { apparmor: "mine", selinux: undefined }, mayMount: false },
      /AppArmor profile "mine" forbids mounts$/,
    ],
    ["an engine that maps ids itself", {}, { remapped: true }, /userns-remap/],
    [
      "a trial that failed",
      {},
      { refusal: { code: "layers-unmapped", call: "mount_setattr", errno: "EINVAL" } },
      /cannot mount the machine's layers with mapped ids: mount_setattr: EINVAL$/,
    ],
    [
      "another storage driver",
      {},
      { storage: { fault: "other-type", type: "btrfs" } },
      /but in btrfs \(storage driver overlay2\)/,
    ],
    ["shared namespaces", {}, { shared: ["network", "pid"] }, /network, pid$/],
    [
      "another container's network, and more",
      {},
      { shared: ["network", "pid"], inheritsNetwork: true },
      /network, pid$/,
    ],
    ["another container's processes", {}, { shared: ["pid"], inheritsNetwork: true }, /pid$/],
    ["an engine without the runtime", {}, { applied: "api" }, /berth install runtime/],
  ];
  test.each(obstacles)("%s: strict with the reason, and refused by name", (_, hostChange, asked, reason) => {
    const unfit = { ...host, ...hostChange };
    const choice = contractProfile(unfit, { ...request, ...asked });
    expect(choice).toEqual({ profile: "strict", warnings: [expect.stringMatching(reason)] });
    expect(() => contractProfile(unfit, { ...request, ...asked, profile: "full" })).toThrow(
      expect.objectContaining({ code: "host-unfit", message: expect.stringMatching(reason) }),
    );
    // A machine that has been full may have brought it about.
    expect(() => contractProfile(unfit, { ...request, ...asked, wasFull: true })).toThrow(
      expect.objectContaining({ code: "host-unfit", message: expect.stringMatching(reason) }),
    );
    // Who asks for less gets it, without a word.
    for (const profile of ["strict", "privileged"] as const) {
      expect(contractProfile(unfit, { ...request, ...asked, profile, wasFull: true })).toEqual({
        profile,
        warnings: [],
      });
    }
  });

  test.each([undefined, "full"] as const)(
    "%p asked for with another container's network: full",
    (profile) => {
      const shared = { ...request, profile, shared: ["network"], inheritsNetwork: true };
      expect(contractProfile(host, shared)).toEqual({ profile: "full", warnings: [] });
    },
  );

  test.each([
    [[5, 19], false, [0, 0, 0]],
    [[6, 0], false, [0, 0, 0]],
    [[10, 0], false, [0, 0, 0]],
    [[5, 18], true, [0, 0, 1]],
    [[5, 12], true, [0, 0, 1]],
    [[5, 11], false, [1, 1, 1]],
    [[4, 20], false, [1, 1, 1]],
  ] as const)(
    "kernel %p: an attempt shows it (%p); obstacles before that, after one that went well, and one that failed",
    (kernel, open, counts) => {
      expect(mustTryLayers(kernel)).toBe(open);
      expect(
        [undefined, true, false].map((mapsLayers) => hostObstacles({ ...host, kernel, mapsLayers }).length),
      ).toEqual([...counts]);
    },
  );

  test("what cannot be known is no obstacle", () => {
    expect(hostObstacles({ ...host, capabilities: undefined })).toEqual([]);
  });
});

describe("the capabilities", () => {
  const defaults = [
    ...[
      "CAP_AUDIT_WRITE",
      "CAP_CHOWN",
      "CAP_DAC_OVERRIDE",
      "CAP_FOWNER",
      "CAP_FSETID",
      "CAP_KILL",
      "CAP_MKNOD",
      "CAP_NET_BIND_SERVICE",
    ],
    ...["CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"],
  ];
  const granted = (
    profile: Profile,
    capabilities: readonly string[],
    dropped?: readonly string[],
    manager: MachineRequest["manager"] = "docker",
  ) => profileCapabilities(profile, { capabilities, dropped, manager });
  const full = granted("full", defaults, []);

  test.each(["strict", "privileged"] as const)("%s leaves them as they were asked for", (profile) => {
    expect(granted(profile, ["CAP_KILL", "CAP_BPF"], ["ALL"])).toEqual(["CAP_KILL", "CAP_BPF"]);
  });

  test("full has all that the engine gives and what units need, each once, and all of them exist", () => {
    expect(full).toEqual(
      expect.arrayContaining([...defaults, "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"]),
    );
    expect(new Set(full).size).toBe(full.length);
    expect(full.filter((name) => !(known as readonly string[]).includes(name))).toEqual([]);
  });

  test.each([
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_TIME",
    "CAP_BPF",
    "CAP_PERFMON",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
  ])("full has no %s unless it was added", (name) => {
    expect(full).not.toContain(name);
    expect(granted("full", [...defaults, name], [])).toContain(name);
  });

  test.each([
    ["of the engine's", ["CAP_MKNOD", "CAP_NET_RAW"]],
    ["of full's own, which the engine does not have to begin with", ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]],
    ["of either", ["CAP_MKNOD", "CAP_SYS_PTRACE"]],
  ])("what was dropped stays dropped: %s", (_, dropped) => {
    const asked = defaults.filter((name) => !dropped.includes(name));
    const kept = granted("full", asked, dropped);
    expect(full.filter((name) => !kept.includes(name)).toSorted()).toEqual(dropped);
  });

  test.each([
    ["one", ["CAP_CHOWN"]],
    ["most of the engine's", defaults.slice(1)],
    ["more than the engine's", ["CAP_SYS_TIME"]],
  ])(
    "who dropped all and added %s has just that, and has it where the engine does not tell who dropped what",
    (_, asked) => {
      for (const dropped of [["ALL"], ["ALL", "CAP_KILL"], undefined])
        expect(granted("full", asked, dropped)).toEqual(asked);
    },
  );

  test("an engine that does not tell and that has dropped nothing gets a machine in full", () => {
    const podmans = defaults.filter((name) => !/_(AUDIT_WRITE|MKNOD|NET_RAW)$/.test(name));
    expect(granted("full", podmans, undefined)).toEqual(podmans);
    expect(granted("full", podmans, undefined, "podman").toSorted()).toEqual(full.toSorted());
    const fewer = podmans.slice(1);
    expect(granted("full", fewer, undefined, "podman")).toEqual(fewer);

    expect(granted("full", defaults, undefined)).toEqual(full);
  });
});

import { describe, expect, test } from "bun:test";
import type { OciConfig, OciMount } from "#oci/config.ts";
import { planBinds as planBindsOf, takeFromStage } from "./binds.ts";
import { isolateConfig } from "./config.ts";
import { needsSysfs as needsSysfsOf, ownsItsNamespace } from "./plan.ts";
import { lostSysctls } from "./sysctl.ts";

const id = "0123456789abcdef".repeat(4);
const engineFile = (name: string): OciMount => ({
  destination: `/etc/${name}`,
  type: "bind",
  source: `/var/lib/docker/containers/${id}/${name}`,
  options: ["rbind", "rprivate"],
});
const proc: OciMount = { destination: "/proc", type: "proc", source: "proc" };
const configOf = (mounts: readonly OciMount[], rest: Partial<OciConfig> = {}): OciConfig => ({
  ociVersion: "1.0.2",
  process: { args: ["/sbin/init"] },
  root: { path: "/var/lib/docker/overlay2/x/merged", readonly: false },
  mounts: [...mounts],
  ...rest,
});
const isolation = {
  ids: { base: 1_879_048_192, count: 65_536 },
  stage: "/run/berth/s/stage",
  settle: ["/opt/berth-runtime", "settle", "a b"],
  readsMappings: false,
  mountProgram: "/bin/mount",
};
const planBinds = (config: OciConfig) => planBindsOf(config.mounts ?? []);
const needsSysfs = (config: OciConfig) => needsSysfsOf(config, config.mounts ?? []);
const isolated = (config: OciConfig): OciConfig => ({
  ...isolateConfig(config, isolation),
  mounts: [...takeFromStage(config.mounts ?? [], { stage: isolation.stage, sysfs: needsSysfs(config) })],
});

describe("which mounts are staged", () => {
  test.each<[string, OciMount, boolean | undefined]>([
    [
      "a bind by its type",
      { destination: "/data", type: "bind", source: "/srv/data", options: ["bind", "ro"] },
      false,
    ],
    [
      "a bind by its option alone",
      { destination: "/data", type: "none", source: "/srv/data", options: ["rbind"] },
      true,
    ],
    ["a bind without options", { destination: "/data", type: "bind", source: "/srv/data" }, false],
    ["the engine's resolv.conf", engineFile("resolv.conf"), true],
    [
      "a hostname of the user's own",
      { destination: "/etc/hostname", type: "bind", source: "/srv/hostname", options: ["rbind"] },
      true,
    ],
    [
      "a directory whose name begins alike",
      { destination: "/sys/fs/cgroups", type: "bind", source: "/srv/c", options: ["rbind"] },
      true,
    ],
    [
      "the machine's cgroup",
      { destination: "/sys/fs/cgroup", type: "bind", source: "/sys/fs/cgroup/x", options: ["bind"] },
      undefined,
    ],
    [
      "one below it",
      { destination: "/sys/fs/cgroup/systemd", type: "bind", source: "/sys/fs/cgroup/x", options: ["bind"] },
      undefined,
    ],
    ["a tmpfs", { destination: "/scratch", type: "tmpfs", source: "tmpfs" }, undefined],
    [
      "a source that is no path",
      { destination: "/x", type: "bind", source: "name", options: ["bind"] },
      undefined,
    ],
    ["no source", { destination: "/x", type: "bind", options: ["bind"] }, undefined],
  ])("%s", (_, mount, recursive) => {
    const { source = "", destination } = mount;
    const restricted = mount.options?.includes("ro") ? ["readOnly" as const] : [];
    const expected =
      recursive === undefined
        ? []
        : [{ name: "1", source, destination, recursive, restricted, allRestricted: [] }];
    expect(planBinds(configOf([proc, mount]))).toEqual(expected);
  });

  test("none where there are no mounts", () => {
    const { mounts: _, ...config } = configOf([]);
    expect(planBinds(config)).toEqual([]);
  });
});

describe("whose its user namespace is", () => {
  const all = ["CAP_KILL", "CAP_SYS_PTRACE", "CAP_SYS_RESOURCE"];
  const without = (name: string) => new Set(all.filter((one) => one !== name));
  const limited = {
    process: { args: ["/sbin/init"], rlimits: [{ type: "RLIMIT_NOFILE", hard: 2048, soft: 1024 }] },
  };
  test.each<[string, Partial<OciConfig>, ReadonlySet<string> | undefined, boolean]>([
    ["its own root's", limited, new Set(all), true],
    ["the same where what the host has is not known", limited, undefined, true],
    [
      "the host's root's where that may not set its limits otherwise",
      limited,
      without("CAP_SYS_RESOURCE"),
      false,
    ],
    ["its own where there are none", {}, without("CAP_SYS_RESOURCE"), true],
    ["the host's where that may not signal it otherwise", {}, without("CAP_KILL"), false],
    ["nor see it", {}, without("CAP_SYS_PTRACE"), false],
  ])("%s", (_, config, capabilities, owns) => {
    expect(ownsItsNamespace(configOf([], config), capabilities)).toBe(owns);
  });
});

describe("the config of an isolated machine", () => {
  test("root and binds come from the stage, all else stays in its order", () => {
    const before = configOf([
      proc,
      engineFile("hosts"),
      { destination: "/s", type: "tmpfs", source: "tmpfs" },
    ]);
    const copy = structuredClone(before);
    expect(isolated(before)).toMatchObject({
      root: { path: "/run/berth/s/stage/root", readonly: false },
      mounts: [
        proc,
        { ...engineFile("hosts"), source: "/run/berth/s/stage/1" },
        { destination: "/s", type: "tmpfs", source: "tmpfs" },
      ],
    });
    expect(before).toEqual(copy);
  });

  test("its own mount program shares the mounts, before the init and after hooks that are there; none does not", () => {
    const theirs = { path: "/theirs" };
    const config = configOf([], { hooks: { startContainer: [theirs], poststop: [theirs] } });
    const share = { path: "/bin/mount", args: ["mount", "--make-rshared", "/"] };
    expect(isolated(config).hooks).toMatchObject({ startContainer: [theirs, share], poststop: [theirs] });
    expect(isolateConfig(config, { ...isolation, mountProgram: undefined }).hooks).toMatchObject({
      startContainer: [theirs],
    });
  });

  test("what a bind may not do is set in the stage, since mounting again may not be possible in the namespace", () => {
    const mount = {
      destination: "/d",
      type: "bind",
      source: "/srv/d",
      options: ["rbind", "ro", "rnosuid", "rprivate"],
    };
    expect(planBinds(configOf([mount]))).toMatchObject([
      { restricted: ["readOnly"], allRestricted: ["noSuid"] },
    ]);
    expect(isolated(configOf([mount])).mounts).toMatchObject([{ options: ["rbind", "rprivate"] }]);
  });

  test("the namespace is the stage's and holds the range, for users and groups", () => {
    const namespaces = [{ type: "mount" }, { type: "user", path: "/proc/1/ns/user" }, { type: "network" }];
    const { linux } = isolated(configOf([], { linux: { namespaces, cgroupsPath: "/docker/x" } }));
    expect(linux?.namespaces).toEqual([
      { type: "mount" },
      { type: "network" },
      { type: "user", path: "/run/berth/s/stage/userns" },
    ]);
    const mapping = [{ containerID: 0, hostID: 1_879_048_192, size: 65_536 }];
    expect([linux?.uidMappings, linux?.gidMappings, linux?.cgroupsPath]).toEqual([
      mapping,
      mapping,
      "/docker/x",
    ]);
  });

  test("and who reads the range there is not told it besides", () => {
    const { linux } = isolateConfig(configOf([]), { ...isolation, readsMappings: true });
    expect([linux?.uidMappings, linux?.gidMappings]).toEqual([undefined, undefined]);
  });

  test("nothing in /proc is masked, which would keep containers in the machine from mounting theirs", () => {
    const { linux } = isolated(
      configOf([], { linux: { maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"] } }),
    );
    expect(Object.keys(linux ?? {})).not.toContain("maskedPaths");
    expect(Object.keys(linux ?? {})).not.toContain("readonlyPaths");
  });

  test("the hook comes after those that are there", () => {
    const hooks = { prestart: [{ path: "/p" }], createRuntime: [{ path: "/first" }] };
    expect(isolated(configOf([], { hooks })).hooks).toMatchObject({
      prestart: [{ path: "/p" }],
      createRuntime: [
        { path: "/first" },
        { path: "/opt/berth-runtime", args: ["/opt/berth-runtime", "settle", "a b"] },
      ],
    });
  });

  test.each([
    [{ "net.ipv4.ping_group_range": "0 2147483647" }, { "net.ipv4.ping_group_range": "0 65535" }],
    [{ "net.ipv4.ping_group_range": "100 200" }, { "net.ipv4.ping_group_range": "100 200" }],
    [{ "net.ipv4.ip_forward": "1", "kernel.domainname": "a.b" }, { "net.ipv4.ip_forward": "1" }],
  ])("sysctls %p become %p", (sysctl, expected) => {
    expect(isolated(configOf([], { linux: { sysctl } })).linux?.sysctl).toEqual(expected);
  });
});

describe("a network that is joined", () => {
  const sysfs: OciMount = { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "ro"] };
  const own = [{ type: "network" }, { type: "mount" }];
  const joined = [{ type: "network", path: "/proc/7/ns/net" }, { type: "mount" }];
  const sysctl = {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
    "net.core.somaxconn": "9",
    "net/ipv4/ip_forward": "1",
    "kernel.msgmax": "9",
  };

  test("its sysfs comes from the stage, once", () => {
    const config = configOf([proc, sysfs], { linux: { namespaces: joined } });
    expect(needsSysfs(config)).toBe(true);
    expect(isolated(config).mounts).toEqual([
      proc,
      { destination: "/sys", type: "bind", source: "/run/berth/s/stage/sys", options: ["bind", "rprivate"] },
    ]);
    expect(planBinds(config)).toEqual([]);
  });

  test("what the user has mounted at /sys stays, as does a sysfs of the machine's own network", () => {
    const mine: OciMount = { destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "ro"] };
    expect(needsSysfs(configOf([mine], { linux: { namespaces: joined } }))).toBe(false);
    const config = configOf([sysfs], { linux: { namespaces: own } });
    expect(needsSysfs(config)).toBe(false);
    expect(isolated(config).mounts).toEqual([sysfs]);
  });

  test("is entered by the runtime itself", () => {
    expect(isolated(configOf([], { linux: { namespaces: joined } })).linux?.namespaces).toMatchObject([
      { type: "mount" },
      { type: "user" },
    ]);
  });

  test("its sysctls are left out, and those that someone asked for are told", () => {
    const config = configOf([], { linux: { namespaces: joined, sysctl } });
    expect(isolated(config).linux?.sysctl).toEqual({ "kernel.msgmax": "9" });
    expect(lostSysctls(config)).toEqual(["net.core.somaxconn", "net/ipv4/ip_forward"]);
    expect(lostSysctls(configOf([], { linux: { namespaces: own, sysctl } }))).toEqual([]);
    expect(lostSysctls(configOf([], { linux: { namespaces: joined } }))).toEqual([]);
  });
});

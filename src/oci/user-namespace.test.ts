import { describe, expect, test } from "bun:test";
import type { OciConfig, OciMount } from "./config.ts";
import { bindsHostname, isolateConfig, planBinds } from "./user-namespace.ts";

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
  id,
  ids: { base: 1_879_048_192, count: 65_536 },
  stage: "/run/berth/s/stage",
  settle: ["/opt/berth-runtime", "settle", "a b"],
  mountProgram: "/bin/mount",
};
const isolated = (config: OciConfig) => isolateConfig(config, isolation);

describe("which mounts are staged", () => {
  test.each<[string, OciMount, boolean | undefined]>([
    ["a bind by its type", { destination: "/data", type: "bind", source: "/srv/data", options: ["bind", "ro"] }, false],
    ["a bind by its option alone", { destination: "/data", type: "none", source: "/srv/data", options: ["rbind"] }, true],
    ["a bind without options", { destination: "/data", type: "bind", source: "/srv/data" }, false],
    ["the engine's resolv.conf", engineFile("resolv.conf"), true],
    ["a hostname of the user's own", { destination: "/etc/hostname", type: "bind", source: "/srv/hostname", options: ["rbind"] }, true],
    ["a directory whose name begins alike", { destination: "/sys/fs/cgroups", type: "bind", source: "/srv/c", options: ["rbind"] }, true],
    ["the engine's hostname", engineFile("hostname"), undefined],
    ["the machine's cgroup", { destination: "/sys/fs/cgroup", type: "bind", source: "/sys/fs/cgroup/x", options: ["bind"] }, undefined],
    ["one below it", { destination: "/sys/fs/cgroup/systemd", type: "bind", source: "/sys/fs/cgroup/x", options: ["bind"] }, undefined],
    ["a tmpfs", { destination: "/scratch", type: "tmpfs", source: "tmpfs" }, undefined],
    ["a source that is no path", { destination: "/x", type: "bind", source: "name", options: ["bind"] }, undefined],
    ["no source", { destination: "/x", type: "bind", options: ["bind"] }, undefined],
  ])("%s", (_, mount, recursive) => {
    const { source = "", destination } = mount;
    const restricted = mount.options?.includes("ro") ? ["readOnly" as const] : [];
    const expected = recursive === undefined ? [] : [{ name: "1", source, destination, recursive, restricted, allRestricted: [] }];
    expect(planBinds(configOf([proc, mount]), id)).toEqual(expected);
  });

  test("none where there are no mounts", () => {
    const { mounts: _, ...config } = configOf([]);
    expect(planBinds(config, id)).toEqual([]);
    expect(bindsHostname(config, id)).toBe(false);
  });
});

test.each([
  ["of this container", id, true],
  ["of another container", "fedc".repeat(16), false],
])("the hostname that the engine binds, %s", (_, of, expected) => {
  expect(bindsHostname(configOf([{ ...engineFile("hostname"), source: `/var/lib/docker/containers/${of}/hostname` }]), id)).toBe(expected);
});

describe("the config of an isolated machine", () => {
  test("root and binds come from the stage, the engine's hostname goes, all else stays in its order", () => {
    const before = configOf([proc, engineFile("hostname"), engineFile("hosts"), { destination: "/s", type: "tmpfs", source: "tmpfs" }]);
    const copy = structuredClone(before);
    expect(isolated(before)).toMatchObject({
      root: { path: "/run/berth/s/stage/root", readonly: false },
      mounts: [proc, { ...engineFile("hosts"), source: "/run/berth/s/stage/2" }, { destination: "/s", type: "tmpfs", source: "tmpfs" }],
    });
    expect(before).toEqual(copy);
  });

  test("its own mount program shares the mounts, before the init and after hooks that are there; none does not", () => {
    const theirs = { path: "/theirs" };
    const config = configOf([], { hooks: { startContainer: [theirs], poststop: [theirs] } });
    const share = { path: "/bin/mount", args: ["mount", "--make-rshared", "/"] };
    expect(isolated(config).hooks).toMatchObject({ startContainer: [theirs, share], poststop: [theirs] });
    expect(isolateConfig(config, { ...isolation, mountProgram: undefined }).hooks).toMatchObject({ startContainer: [theirs] });
  });

  test("what a bind may not do is set in the stage, since mounting again may not be possible in the namespace", () => {
    const mount = { destination: "/d", type: "bind", source: "/srv/d", options: ["rbind", "ro", "rnosuid", "rprivate"] };
    expect(planBinds(configOf([mount]), id)).toMatchObject([{ restricted: ["readOnly"], allRestricted: ["noSuid"] }]);
    expect(isolated(configOf([mount])).mounts).toMatchObject([{ options: ["rbind", "rprivate"] }]);
  });

  test("the namespace is new and holds the range, for users and groups", () => {
    const namespaces = [{ type: "mount" }, { type: "user", path: "/proc/1/ns/user" }, { type: "network", path: "/run/n" }];
    const { linux } = isolated(configOf([], { linux: { namespaces, cgroupsPath: "/docker/x" } }));
    expect(linux?.namespaces).toEqual([{ type: "mount" }, { type: "network", path: "/run/n" }, { type: "user" }]);
    const mapping = [{ containerID: 0, hostID: 1_879_048_192, size: 65_536 }];
    expect([linux?.uidMappings, linux?.gidMappings, linux?.cgroupsPath]).toEqual([mapping, mapping, "/docker/x"]);
  });

  test("nothing in /proc is masked, which would keep containers in the machine from mounting theirs", () => {
    const { linux } = isolated(configOf([], { linux: { maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"] } }));
    expect(Object.keys(linux ?? {})).not.toContain("maskedPaths");
    expect(Object.keys(linux ?? {})).not.toContain("readonlyPaths");
  });

  test("the hook comes after those that are there", () => {
    const hooks = { prestart: [{ path: "/p" }], createRuntime: [{ path: "/first" }] };
    expect(isolated(configOf([], { hooks })).hooks).toMatchObject({
      prestart: [{ path: "/p" }],
      createRuntime: [{ path: "/first" }, { path: "/opt/berth-runtime", args: ["/opt/berth-runtime", "settle", "a b"] }],
    });
  });

  test.each([
    [{ "net.ipv4.ping_group_range": "0 2147483647" }, { "net.ipv4.ping_group_range": "0 65535" }],
    [{ "net.ipv4.ping_group_range": "100 200" }, { "net.ipv4.ping_group_range": "100 200" }],
    [{ "net.ipv4.ip_forward": "1", "kernel.domainname": "a.b" }, { "net.ipv4.ip_forward": "1" }],
  ])("sysctls %p become %p", (sysctl, expected) => {
    expect(isolated(configOf([], { linux: { sysctl } })).linux?.sysctl).toEqual(expected);
  });

  test.each([
    ["docker-default", "unconfined"],
    ["mine", "mine"],
    ["unconfined", "unconfined"],
  ])("AppArmor's profile %s becomes %s", (apparmorProfile, expected) => {
    expect(isolated(configOf([], { process: { args: [], apparmorProfile } })).process.apparmorProfile).toBe(expected);
  });

  test.each([
    ["system_u:system_r:container_t:s0:c1,c2", "system_u:system_r:container_init_t:s0:c1,c2"],
    ["system_u:system_r:mine_t:s0", "system_u:system_r:mine_t:s0"],
  ])("SELinux's label %s becomes %s", (selinuxLabel, expected) => {
    expect(isolated(configOf([], { process: { args: [], selinuxLabel } })).process.selinuxLabel).toBe(expected);
  });

  test("where there are no labels there are none afterwards", () => {
    expect(isolated(configOf([])).process).toEqual({ args: ["/sbin/init"] });
  });
});

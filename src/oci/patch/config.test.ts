import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { type CgroupView, cgroupBounds } from "#contract/cgroups.ts";
import { type Contract, contract } from "#contract/contract.ts";
import type { Host, HostCgroup } from "#contract/host.ts";
import type { InitKind } from "#contract/init.ts";
import { capabilities } from "#linux/capability.ts";
import { environmentOf, type OciConfig, type OciMount, ownsNamespace } from "#oci/config.ts";
import { parseConfig, renderConfig } from "#oci/json.ts";
import { refusedCalls } from "#oci/refused-calls.ts";
import { boundTerminals } from "#oci/terminals.ts";
import { boundMount } from "#oci/tmpfs.ts";
import { patchConfig as patchBy } from "./config.ts";
import type { HostPaths } from "./config-patch.ts";

const testdata = `${import.meta.dir}/../testdata`;
const id = "0123456789abcdef".repeat(4);
/** A config.json of a real engine, its program changed to an init. */
function captured(name: string): OciConfig {
  const config = parseConfig(readFileSync(`${testdata}/${name}.config`, "utf8")) as OciConfig;
  return { ...config, process: { ...config.process, args: ["/sbin/init"] } };
}
const fixtures = readdirSync(testdata).map((name) => name.replace(/\.config$/, ""));

const hosts: Readonly<Record<string, HostCgroup>> = {
  v2: { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: true },
  hybrid: {
    layout: "hybrid",
    named: "/sys/fs/cgroup/systemd",
    unified: "/sys/fs/cgroup/unified",
    nsdelegate: false,
  },
};
const hostPaths: HostPaths = {
  id,
  named: "/sys/fs/cgroup/systemd",
  unified: "/sys/fs/cgroup/unified",
  maskedUnits: "/run/berth/masks/units",
  maskedGenerators: "/run/berth/masks/generators",
  login: "/run/berth/login/1",
  runHost: "/run/berth/state/host",
  machineId: "/run/berth/state/machine-id",
};

const patchConfig = (config: OciConfig, needs: Contract, hostPaths: HostPaths) =>
  patchBy(config, {
    contract: needs,
    hostPaths,
    mounts: config.mounts ?? [],
    isolation: undefined,
    poststop: undefined,
  });

function needsOf(config: OciConfig, kind: InitKind, version: number | undefined, layout: string): Contract {
  const cgroup = hosts[layout];
  if (cgroup === undefined) throw new Error(layout);
  const host: Host = {
    cgroup,
    capabilities: new Set(capabilities.filter((name) => name !== "CAP_SYS_RESOURCE")),
    userNamespaces: "free",
    lsm: { apparmor: false, selinux: false },
    sysctlDirectories: ["fs", "kernel", "net", "vm"],
    memory: 16 * 1024 ** 3,
    kernel: [6, 1],
  };
  return contract(
    { os: undefined, init: { kind, program: "/sbin/init", version }, machineId: "filled", mergedUsr: true },
    host,
    {
      profile: "strict",
      ids: 65_536,
      applied: "runtime",
      storage: "overlay",
      remapped: false,
      shared: [],
      capabilities: config.process.capabilities?.bounding ?? [],
      terminal: config.process.terminal ?? false,
      machineId: id.slice(0, 32),
      manager: "docker",
      ownNetwork: ownsNamespace(config, "network"),
      refused: refusedCalls(config),
    },
  );
}

const inits: readonly (readonly [InitKind, number | undefined, string, CgroupView])[] = [
  ["systemd", 252, "v2", "cgroup2"],
  ["systemd", 252, "hybrid", "named"],
  ["systemd", 258, "hybrid", "unified"],
  ["sysvinit", undefined, "v2", "read-only"],
  ["busybox", undefined, "hybrid", "read-only"],
];
const everything = fixtures.flatMap((fixture) =>
  inits.map(([kind, version, layout, view]) => ({ fixture, kind, version, layout, view })),
);
const at = (mounts: readonly OciMount[] | undefined, destination: string) =>
  (mounts ?? []).flatMap((mount, index) => (mount.destination === destination ? [index] : []));
const optionsOf = (config: OciConfig, destination: string) =>
  config.mounts?.findLast((mount) => mount.destination === destination)?.options ?? [];
const isReadOnly = (mount: OciMount) =>
  mount.options?.includes("ro") === true && !mount.options.includes("rw");

describe.each(everything)(
  "$fixture, $kind $version on $layout",
  ({ fixture, kind, version, layout, view }) => {
    const config = captured(fixture);
    const before = JSON.stringify(config);
    const needs = needsOf(config, kind, version, layout);
    const patched = patchConfig(config, needs, hostPaths);
    const mounts = patched.mounts ?? [];

    test("is patched aside", () => {
      expect(needs.cgroup).toBe(view);
      expect(JSON.stringify(config)).toBe(before);
    });

    test("writable cgroups only in a namespace of the machine's own, and never more than its own subtree", () => {
      const cgroups = mounts.filter((mount) => mount.destination.startsWith("/sys/fs/cgroup"));
      expect(cgroups.map(isReadOnly)).toEqual(
        {
          "read-only": [true],
          cgroup2: [false],
          unified: [false],
          named: [true, false],
          delegated: [false, false],
        }[view],
      );
      const destinations =
        view === "named" ? ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd"] : ["/sys/fs/cgroup"];
      expect(cgroups.map((mount) => mount.destination)).toEqual(destinations);
      for (const mount of cgroups)
        if (mount.type !== "cgroup") expect(mount.source).toEndWith(`/docker/${id}`);
      if (!cgroups.every(isReadOnly)) {
        const namespaces = patched.linux?.namespaces?.filter((namespace) => namespace.type === "cgroup");
        expect(namespaces).toEqual([{ type: "cgroup" }]);
      }
    });

    test("where it makes cgroups of cgroup2, their number is bounded, unless the engine bounds it itself", () => {
      const { linux } = config;
      expect(patched.linux?.resources?.unified).toEqual(
        view === "cgroup2" ? { ...cgroupBounds } : linux?.resources?.unified,
      );
      const unified = { "cgroup.max.depth": "7", "memory.high": "1" };
      const given = patchConfig(
        { ...config, linux: { ...linux, resources: { ...linux?.resources, unified } } },
        needs,
        hostPaths,
      );
      expect(given.linux?.resources?.unified).toEqual(
        view === "cgroup2" ? { ...cgroupBounds, ...unified } : unified,
      );
    });

    test("lxcfs covers the kernel's own files, read-only and after what they lie in; a mount of the user's stays", () => {
      const lxcfs = ["/proc/meminfo", "/sys/devices/system/cpu/online"].map((target) => ({
        source: `/lxcfs${target}`,
        target,
      }));
      const { mounts: shown = [] } = patchConfig(config, { ...needs, lxcfs }, hostPaths);
      for (const { source, target } of lxcfs) {
        const [index = -1, ...more] = at(shown, target);
        expect([more, shown[index]]).toMatchObject([
          [],
          { type: "bind", source, options: ["bind", "ro", "nosuid", "nodev", "noexec", "rprivate"] },
        ]);
        for (const parent of ["/proc", "/sys"])
          if (target.startsWith(parent)) expect(index).toBeGreaterThan(at(shown, parent)[0] ?? Infinity);
      }
      const mine = { destination: "/proc/meminfo", type: "bind", source: "/mine", options: ["bind"] };
      const kept = patchConfig(
        { ...config, mounts: [...(config.mounts ?? []), mine] },
        { ...needs, lxcfs },
        hostPaths,
      );
      expect(kept.mounts?.filter(({ destination }) => destination === "/proc/meminfo")).toEqual([mine]);
    });

    test("/sys is read-only, and nothing of it covers the cgroups", () => {
      const sys = mounts.filter((mount) => mount.destination === "/sys");
      expect(sys.map(isReadOnly)).toEqual([true]);
      expect(at(mounts, "/sys/fs/cgroup")[0]).toBeGreaterThan(at(mounts, "/sys")[0] ?? Infinity);
    });

    test("isolated: /sys is made read-only after it was mounted, v1 controllers are writable, nothing else changes", () => {
      const own = patchConfig(
        config,
        { ...needs, ids: 65_536, cgroup: view === "named" ? "delegated" : view },
        hostPaths,
      );
      expect(own.linux?.readonlyPaths).toEqual(["/sys"]);
      const isSys = ({ destination }: OciMount) => destination === "/sys";
      expect(own.mounts?.filter(isSys).map(({ options }) => options?.includes("ro"))).toEqual([false]);
      const cgroups = own.mounts?.filter(({ destination }) => destination.startsWith("/sys/fs/cgroup")) ?? [];
      expect(cgroups.map(isReadOnly)).toEqual(view === "read-only" ? [true] : cgroups.map(() => false));
      expect(own.mounts?.filter((mount) => !isSys(mount) && !cgroups.includes(mount))).toEqual(
        mounts.filter((mount) => !isSys(mount) && !mount.destination.startsWith("/sys/fs/cgroup")),
      );
    });

    test("each directory is mounted before what lies in it, and nothing twice", () => {
      expect(new Set(mounts.map((mount) => mount.destination)).size).toBe(mounts.length);
      for (const directory of ["/run", "/run/lock", "/tmp", "/dev"]) {
        const [index = -1] = at(mounts, directory);
        const inside = mounts.findIndex((mount) =>
          mount.destination.replace(/^\/var\/run\//, "/run/").startsWith(`${directory}/`),
        );
        expect(index).not.toBe(-1);
        expect(inside === -1 ? Infinity : inside).toBeGreaterThan(index);
      }
    });

    test("of devices only the host's virtual consoles are taken away", () => {
      const pathsOf = (one: OciConfig) => one.linux?.devices?.map((device) => device.path) ?? [];
      expect(pathsOf(patched)).toEqual(pathsOf(config).filter((path) => !/^\/dev\/tty\d+$/.test(path)));
      expect(pathsOf(patched).some((path) => /^\/dev\/tty\d/.test(path))).toBe(false);
    });

    test("the environment tells where the machine is", () => {
      expect(patched.process.env?.some((entry) => entry.startsWith("BERTH_"))).toBe(false);
      expect(environmentOf(patched, "container_uuid")).toBe("01234567-89ab-cdef-0123-456789abcdef");
      expect(environmentOf(patched, "container")).toBe(environmentOf(config, "container") ?? "docker");
    });

    test("what the contract does not speak of passes through", () => {
      const { process: was, mounts: _, linux: linuxWas, ...restWas } = config;
      const { process: is, mounts: __, linux: linuxIs, ...restIs } = patched;
      expect(restIs).toEqual(restWas);
      expect({ ...is, args: [], env: [], capabilities: {} }).toEqual({
        ...was,
        args: [],
        env: [],
        capabilities: {},
      });
      const untouched = { namespaces: [], seccomp: {}, devices: [], readonlyPaths: [] };
      // Of the resources only the bounds of its cgroups are set, which have a test of their own.
      const { unified: ___, ...resources } = linuxIs?.resources ?? {};
      expect({ ...linuxIs, ...untouched, resources }).toEqual({
        ...linuxWas,
        ...untouched,
        resources: linuxWas?.resources ?? {},
      });
      const others = (config.mounts ?? [])
        .filter((mount) => !mount.destination.startsWith("/sys"))
        .map((mount) => boundTerminals(boundMount(mount, needs)));
      expect(mounts).toEqual(expect.arrayContaining(others));
    });
  },
);

describe("mounts", () => {
  const plain = captured("docker-hybrid");
  const withMounts = (...mounts: OciMount[]): OciConfig => ({
    ...plain,
    mounts: [...(plain.mounts ?? []), ...mounts],
  });
  const bind = (destination: string, source = "/srv/data"): OciMount => ({
    destination,
    type: "bind",
    source,
    options: ["rbind"],
  });
  const patch = (config: OciConfig, version = 252) =>
    patchConfig(config, needsOf(config, "systemd", version, "hybrid"), hostPaths);

  test("fresh tmpfs that programs may run from, filled from the image where asked", () => {
    const patched = patch(plain);
    const end = [expect.stringMatching(/^size=\d+$/), expect.stringMatching(/^nr_inodes=\d+$/)];
    expect(optionsOf(patched, "/run")).toEqual(["nosuid", "nodev", "exec", "mode=755", ...end, "tmpcopyup"]);
    expect(optionsOf(patched, "/run/lock")).toEqual(["nosuid", "nodev", "exec", "mode=1777", ...end]);
    expect(optionsOf(patched, "/run/user")).toEqual(["nosuid", "nodev", "exec", "mode=755", ...end]);
    expect(optionsOf(patched, "/tmp")).toEqual(["nosuid", "nodev", "exec", "mode=1777", ...end, "tmpcopyup"]);
    const bound = [
      "/run/host",
      "/run/systemd/system.attached",
      "/run/systemd/system-generators",
      "/run/systemd/logind.conf.d",
    ];
    for (const destination of [...bound, "/etc/machine-id"]) {
      expect(optionsOf(patched, destination)).toContain("ro");
    }
  });

  test("the user's own /run stays, with the rest of ours on it", () => {
    const patched = patch(captured("docker-binds"));
    const { size, inodes } =
      needsOf(plain, "systemd", 252, "hybrid").tmpfs.find(({ target }) => target === "/run") ?? {};
    expect(optionsOf(patched, "/run")).toEqual([
      "noexec",
      "nosuid",
      "nodev",
      "rprivate",
      `size=${size}`,
      `nr_inodes=${inodes}`,
    ]);
    const order = (patched.mounts ?? [])
      .map((mount) => mount.destination)
      .filter((path) => /^\/(var\/)?run\b/.test(path));
    expect(order).toEqual([
      "/run",
      "/run/lock",
      "/run/user",
      "/run/host",
      "/run/systemd/system.attached",
      "/run/systemd/system-generators",
      "/run/systemd/logind.conf.d",
      "/run/secrets/app",
      "/var/run/app",
    ]);
  });

  test.each([
    "/run/lock",
    "/run/lock/subsys",
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/var/lock/x",
    "/tmp/.X11-unix",
  ])("what the user mounts at %s stays visible", (destination) => {
    const patched = patch(withMounts(bind(destination)));
    const [index = -1] = at(patched.mounts, destination);
    expect(patched.mounts?.[index]).toEqual(bind(destination));
    expect(at(patched.mounts, destination)).toHaveLength(1);
    for (const directory of ["/run", "/tmp", "/run/host"])
      expect(at(patched.mounts, directory)[0]).toBeLessThan(index);
  });

  test.each(["/etc/machine-id", "/run/host", "/run/systemd/system.attached", "/tmp"])(
    "the user's own %s stays the only one",
    (destination) => {
      const patched = patch(withMounts(bind(destination)));
      expect(patched.mounts?.filter((mount) => mount.destination === destination)).toEqual([
        bind(destination),
      ]);
    },
  );

  test("the user's own cgroup mounts, which show the host's tree, are replaced", () => {
    const recipe = withMounts(
      bind("/sys/fs/cgroup", "/sys/fs/cgroup"),
      bind("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/systemd"),
    );
    for (const version of [252, 258]) {
      const sources = patch(recipe, version)
        .mounts?.filter((mount) => mount.destination.startsWith("/sys/"))
        .map((mount) => mount.source);
      expect(sources).toEqual(
        version === 252
          ? ["cgroup", `/sys/fs/cgroup/systemd/docker/${id}`]
          : [`/sys/fs/cgroup/unified/docker/${id}`],
      );
    }
  });

  test("a config without any mounts gets its cgroups too", () => {
    const { mounts: _, ...bare } = plain;
    expect(at(patch(bare).mounts, "/sys/fs/cgroup")).toHaveLength(1);
  });

  test("nothing is bound where the contract asks for nothing", () => {
    const nothing = {
      ...hostPaths,
      maskedUnits: undefined,
      maskedGenerators: undefined,
      machineId: undefined,
    };
    const patched = patchConfig(plain, needsOf(plain, "systemd", 252, "hybrid"), nothing);
    for (const destination of [
      "/run/systemd/system.attached",
      "/run/systemd/system-generators",
      "/etc/machine-id",
    ]) {
      expect(at(patched.mounts, destination)).toEqual([]);
    }
    expect(at(patched.mounts, "/run/host")).toHaveLength(1);
  });

  test.each([
    [
      "system.slice:docker:abc",
      "/sys/fs/cgroup/systemd/system.slice/docker-abc.scope",
      "system.slice:docker:abc",
    ],
    [
      "a-b.slice:docker:abc",
      "/sys/fs/cgroup/systemd/a.slice/a-b.slice/docker-abc.scope",
      "a-b.slice:docker:abc",
    ],
    [undefined, `/sys/fs/cgroup/systemd/berth-run-${id}`, `/berth-run-${id}`],
    ["relative", `/sys/fs/cgroup/systemd/berth-run-${id}`, `/berth-run-${id}`],
  ])("cgroupsPath %p", (cgroupsPath, source, expected) => {
    const { cgroupsPath: _, ...linux } = plain.linux ?? {};
    const patched = patch({
      ...plain,
      linux: { ...linux, ...(cgroupsPath === undefined ? {} : { cgroupsPath }) },
    });
    expect(patched.mounts?.find((mount) => mount.destination === "/sys/fs/cgroup/systemd")?.source).toBe(
      source,
    );
    expect(patched.linux?.cgroupsPath).toBe(expected);
  });

  test("a cgroup namespace that is another's is replaced, others stay", () => {
    const namespaces = [
      { type: "network", path: "/proc/1/ns/net" },
      { type: "cgroup", path: "/proc/1/ns/cgroup" },
    ];
    const patched = patch({ ...plain, linux: { ...plain.linux, namespaces } });
    expect(patched.linux?.namespaces).toEqual([
      { type: "network", path: "/proc/1/ns/net" },
      { type: "cgroup" },
    ]);
  });
});

describe("capabilities", () => {
  const plain = captured("docker-v2");
  const withSets = (sets: NonNullable<OciConfig["process"]["capabilities"]>): OciConfig => ({
    ...plain,
    process: { ...plain.process, capabilities: sets },
  });
  const patch = (config: OciConfig, kind: InitKind) =>
    patchConfig(config, needsOf(config, kind, kind === "systemd" ? 252 : undefined, "v2"), hostPaths).process
      .capabilities;

  test("systemd keeps exactly what the engine gave", () => {
    expect(patch(plain, "systemd")).toEqual(plain.process.capabilities);
  });

  test("an init that reboots to stop gets CAP_SYS_BOOT, but not to inherit", () => {
    const base = ["CAP_CHOWN"];
    expect(
      patch(
        withSets({ bounding: base, effective: base, permitted: base, inheritable: base, ambient: [] }),
        "busybox",
      ),
    ).toEqual({
      bounding: ["CAP_CHOWN", "CAP_SYS_BOOT"],
      effective: ["CAP_CHOWN", "CAP_SYS_BOOT"],
      permitted: ["CAP_CHOWN", "CAP_SYS_BOOT"],
      inheritable: ["CAP_CHOWN"],
      ambient: [],
    });
  });

  test("a user other than root is given nothing of the bounding set", () => {
    const sets = { bounding: ["CAP_CHOWN", "CAP_KILL"], effective: [], permitted: [], inheritable: [] };
    expect(patch(withSets(sets), "systemd")).toEqual(sets);
  });

  test("what the host lacks is taken from every set", () => {
    const all = ["CAP_CHOWN", "CAP_SYS_RESOURCE"];
    const sets = patch(
      withSets({ bounding: all, effective: all, permitted: all, inheritable: all, ambient: all }),
      "systemd",
    );
    expect(Object.values(sets ?? {}).map((set) => set.join())).toEqual(Array(5).fill("CAP_CHOWN"));
  });

  test("all that a privileged container has but one", () => {
    const config = captured("docker-privileged");
    const bounding = config.process.capabilities?.bounding ?? [];
    expect(bounding).toContain("CAP_SYS_RESOURCE");
    expect(patch(config, "systemd")?.effective).toEqual(
      bounding.filter((name) => name !== "CAP_SYS_RESOURCE"),
    );
  });
});

describe("environment", () => {
  test.each<[string[] | undefined, string[]]>([
    [["A=1"], ["A=1", "container=docker"]],
    [["container=podman"], ["container=podman"]],
    [["container="], ["container="]],
    [
      ["container_uuid=x", "container_uuidX=1"],
      ["container_uuidX=1", "container=docker"],
    ],
    [
      ["BERTH_A=1", "BERTHA=1", "XBERTH_A=1"],
      ["BERTHA=1", "XBERTH_A=1", "container=docker"],
    ],
    [
      ["constructor=1", "toString=2"],
      ["constructor=1", "toString=2", "container=docker"],
    ],
    [
      ["BARE", "container_uuid"],
      ["BARE", "container=docker"],
    ],
    [undefined, ["container=docker"]],
  ])("%p", (env, expected) => {
    const { env: _, ...process } = captured("docker-v2").process;
    const config: OciConfig = { ...captured("docker-v2"), process: { ...process, ...(env ? { env } : {}) } };
    const patched = patchConfig(config, needsOf(config, "systemd", 252, "v2"), hostPaths).process.env ?? [];
    expect(patched).toEqual([...expected, "container_uuid=01234567-89ab-cdef-0123-456789abcdef"]);
  });
});

describe("linux", () => {
  const patch = (config: OciConfig) =>
    patchConfig(config, needsOf(config, "busybox", undefined, "v2"), hostPaths);

  test("of /proc/sys only net is writable, with a network of its own", () => {
    expect(patch(captured("docker-v2")).linux?.readonlyPaths).toEqual([
      "/proc/bus",
      "/proc/fs",
      "/proc/irq",
      "/proc/sys/fs",
      "/proc/sys/kernel",
      "/proc/sys/vm",
      "/proc/sysrq-trigger",
    ]);
  });

  test("and none of it with the host's network", () => {
    const config = captured("docker-host-cgroup");
    expect(patch(config).linux?.readonlyPaths).toEqual(config.linux?.readonlyPaths as string[]);
  });

  test("system calls are added after the engine's own rules, and only to a profile", () => {
    const config = captured("docker-v2");
    const rules = config.linux?.seccomp?.syscalls ?? [];
    const patched = patch(config).linux?.seccomp?.syscalls ?? [];
    expect(patched.slice(0, -2)).toEqual(rules);
    expect(patched.at(-2)).toMatchObject({ action: "SCMP_ACT_ALLOW" });
    expect(patched.at(-2)?.names).toContain("reboot");
    // This profile knows none of them; what an engine names itself is left to it.
    expect(patched.at(-1)).toMatchObject({ action: "SCMP_ACT_ERRNO", errnoRet: 38 });
    expect(patched.at(-1)?.names).toContain("mount_setattr");
    const own = { names: ["mount_setattr", "cachestat"], action: "SCMP_ACT_ALLOW" };
    const newer = patch({
      ...config,
      linux: { ...config.linux, seccomp: { ...config.linux?.seccomp, syscalls: [...rules, own] } },
    });
    expect(newer.linux?.seccomp?.syscalls?.at(-1)?.names).not.toContain("mount_setattr");
    expect(captured("docker-privileged").linux?.seccomp).toBeUndefined();
    expect(patch(captured("docker-privileged")).linux?.seccomp).toBeUndefined();
  });

  test("what a profile refuses by name, whatever its arguments, stays as it is", () => {
    const config = captured("docker-v2");
    const refusal = { names: ["openat2", "bpf"], action: "SCMP_ACT_ERRNO" };
    const own = {
      ...config,
      linux: { ...config.linux, seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [refusal] } },
    };
    const needs = needsOf(own, "systemd", 252, "v2");
    const patched = patchConfig(own, needs, hostPaths).linux?.seccomp?.syscalls ?? [];
    expect(patched[0]).toEqual(refusal);
    expect(patched.slice(1).flatMap((rule) => rule.names)).not.toContain("openat2");
  });

  test("arguments follow the command's own", () => {
    const config = captured("docker-hybrid");
    const needs = needsOf(config, "systemd", 219, "hybrid");
    const { args } = patchConfig(
      { ...config, process: { ...config.process, args: ["/sbin/init", "x"] } },
      needs,
      hostPaths,
    ).process;
    expect(args.slice(0, 2)).toEqual(["/sbin/init", "x"]);
    expect(args.slice(2)).toEqual([...needs.arguments]);
    expect(args.length).toBeGreaterThan(2);
  });

  test("unlimited rlimits reach the runtime as they were", () => {
    expect(renderConfig(patch(captured("docker-binds")))).toContain(
      '"hard":18446744073709551615,"soft":18446744073709551615',
    );
  });
});

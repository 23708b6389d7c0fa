import { describe, expect, test } from "bun:test";
import { unseenNetwork } from "#plan/network/host-network.ts";
import { planDoctor } from "./doctor.ts";
import type { CheckStatus, DoctorFacts, EngineFacts, HostFacts } from "./doctor-facts.ts";

const engine: EngineFacts = {
  address: "unix:///run/docker.sock",
  version: "20.10.24+dfsg1",
  apiVersion: "1.41",
  kernel: "6.1.0-18-amd64",
  cgroupVersion: "2",
  storageDriver: "overlay2",
  runtime: "berth",
  runtimeIsDefault: true,
  runtimeMissing: undefined,
  limits: { memory: true, swap: true, pids: true },
  securityOptions: ["name=seccomp,profile=default", "name=cgroupns"],
  forwarding: true,
  liveRestore: false,
  networks: [],
  packaging: "system",
  operatingSystem: "Debian GNU/Linux 13 (trixie)",
};

const host: HostFacts = {
  cgroup: { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: true },
  userNamespaces: "free",
  lackingCapabilities: [],
  inotifyInstances: 8192,
  keys: { user: 200, root: 1000000 },
  ptys: { most: 4096, used: 10 },
  apparmor: true,
  apparmorProfile: { loaded: true, parser: true, packageManager: "apt" },
  restrictsUserns: true,
  selinux: false,
  selinuxManageCgroup: undefined,
  lxcfs: true,
  disk: { directory: "/var/lib/docker", free: 50 * 1024 ** 3 },
  bridgeFilter: true,
  wall: undefined,
  network: unseenNetwork,
  stopUnit: true,
  programs: { readOnly: false, fapolicyd: false, nvidia: false },
};

const facts: DoctorFacts = {
  engine,
  host,
  imageBuilder: { choice: { where: "host" }, has: undefined, packageManager: "apt" },
  leftovers: { states: [], probes: [], builders: [] },
};

test("a host that suits: everything fine, nothing to do", () => {
  const checks = planDoctor(facts);
  expect(checks.map(({ status }) => status)).toEqual(checks.map(() => "ok"));
  expect(checks.filter(({ hint }) => hint !== undefined)).toEqual([]);
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
});

const GiB = 1024 ** 3;
const onEngine = (change: Partial<EngineFacts>): DoctorFacts => ({
  ...facts,
  engine: { ...engine, ...change },
});
const onHost = (change: Partial<HostFacts>): DoctorFacts => ({ ...facts, host: { ...host, ...change } });
const cgroup = (layout: "v1" | "hybrid" | "v2", nsdelegate = true, named?: string) =>
  onHost({ cgroup: { layout, named, unified: undefined, nsdelegate } });

const labels = { securityOptions: ["name=seccomp", "name=selinux"] };
const noParser = onHost({ apparmorProfile: { loaded: false, parser: false, packageManager: "zypper" } });
const bare = { runtime: undefined, runtimeIsDefault: false };

describe.each<[string, DoctorFacts, string, CheckStatus, RegExp]>([
  ["runtime registered", onEngine({ runtimeIsDefault: false }), "runtime", "ok", /--runtime berth/],
  ["runtime's program gone", onEngine({ runtimeMissing: "/x" }), "runtime", "fail", /\/x is missing/],
  ["no runtime, v2, Docker 20.10", onEngine(bare), "runtime", "fail", /its own cgroups/],
  [
    "no runtime, v2, Docker 28",
    onEngine({ ...bare, version: "28.5.1" }),
    "runtime",
    "warn",
    /degraded.*does not boot machines$/,
  ],
  [
    "no runtime, v1",
    onEngine({ ...bare, cgroupVersion: "1" }),
    "runtime",
    "warn",
    /names of the host's cgroups/,
  ],
  [
    "no controllers",
    onEngine({ limits: { memory: false, swap: false, pids: false } }),
    "limits",
    "warn",
    /memory, swap, pids/,
  ],
  [
    "no swap accounting",
    onEngine({ limits: { memory: true, swap: false, pids: true } }),
    "limits",
    "warn",
    /cannot limit swap/,
  ],
  ["no seccomp", onEngine({ securityOptions: [] }), "seccomp", "warn", /^off/],
  [
    "seccomp unconfined",
    onEngine({ securityOptions: ["name=seccomp,profile=unconfined"] }),
    "seccomp",
    "warn",
    /unconfined/,
  ],
  ["old kernel", onEngine({ kernel: "5.10.0-30-amd64" }), "isolation", "warn", /strict.*5.10 cannot map/],
  ["untried kernel", onEngine({ kernel: "5.15.0-91-generic" }), "isolation", "warn", /first machine's start/],
  [
    "kernel that has refused",
    { ...onEngine({ kernel: "5.15.0-91-generic" }), host: { ...host, mapsLayers: false } },
    "isolation",
    "warn",
    /strict.*kernel 5.15 cannot map/,
  ],
  [
    "mounts over /proc",
    onHost({ procCover: "/proc/stat" }),
    "isolation",
    "warn",
    /the mount at \/proc\/stat/,
  ],
  ["no user namespaces", onHost({ userNamespaces: "off" }), "isolation", "warn", /allows no user namespaces/],
  [
    "another storage driver",
    onEngine({ storageDriver: "btrfs" }),
    "isolation",
    "warn",
    /unsupported storage driver btrfs/,
  ],
  [
    "userns-remap",
    onEngine({ securityOptions: ["name=seccomp", "name=userns"] }),
    "isolation",
    "warn",
    /userns-remap/,
  ],
  ["isolation without the runtime", onEngine(bare), "isolation", "warn", /berth-runtime is not registered/],
  ["the first kernel that can", onEngine({ kernel: "5.19.0" }), "isolation", "ok", /one of its own/],
  ["no forwarding", onEngine({ forwarding: false }), "forwarding", "warn", /^off/],
  ["v2 without nsdelegate", cgroup("v2", false), "cgroups", "warn", /raise the machine's own limits/],
  ["hybrid", cgroup("hybrid", false, "/sys/fs/cgroup/systemd"), "cgroups", "ok", /hybrid/],
  ["hybrid without name=systemd", cgroup("hybrid", false), "cgroups", "warn", /before 256/],
  ["v1", cgroup("v1", false), "cgroups", "warn", /258/],
  ["no cgroups", onHost({ cgroup: undefined }), "cgroups", "fail", /missing cgroup/],
  [
    "a capability lacks",
    onHost({ lackingCapabilities: ["CAP_SYS_RESOURCE"] }),
    "capabilities",
    "warn",
    /CAP_SYS_RESOURCE/,
  ],
  [
    "SELinux forbids",
    { ...onHost({ selinux: true, selinuxManageCgroup: false }), engine: { ...engine, ...bare, ...labels } },
    "confinement",
    "warn",
    /SELinux forbids/,
  ],
  [
    "SELinux forbids an engine that labels nothing nothing",
    { ...onHost({ selinux: true, selinuxManageCgroup: false }), engine: { ...engine, ...bare } },
    "confinement",
    "ok",
    /AppArmor and SELinux on/,
  ],
  [
    "berth-runtime knows a better type",
    { ...onHost({ selinux: true, selinuxManageCgroup: false }), engine: { ...engine, ...labels } },
    "selinux-labels",
    "ok",
    /container_init_t/,
  ],
  ["SELinux without labels", onHost({ selinux: true }), "selinux-labels", "ok", /none/],
  ["the profile", onHost({}), "apparmor-profile", "ok", /berth-machine is loaded/],
  [
    "a profile to load",
    onHost({ apparmorProfile: { loaded: false, parser: true, packageManager: "apt" } }),
    "apparmor-profile",
    "ok",
    /next machine/,
  ],
  ["no parser", noParser, "apparmor-profile", "warn", /apparmor_parser is not installed/],
  ["no parser, restriction", noParser, "userns-restriction", "warn", /rootless Podman/],
  ["a restriction", onHost({}), "userns-restriction", "ok", /may still/],
  [
    "no new privileges",
    onEngine({ securityOptions: ["name=seccomp", "name=no-new-privileges"] }),
    "no-new-privileges",
    "warn",
    /sudo/,
  ],
  [
    "SELinux allows",
    onHost({ selinux: true, selinuxManageCgroup: true }),
    "confinement",
    "ok",
    /AppArmor and SELinux on/,
  ],
  [
    "the kernel's own inotify limit",
    onHost({ inotifyInstances: 128 }),
    "inotify",
    "warn",
    /for 11 to 21 machines/,
  ],
  ["enough inotify", onHost({ inotifyInstances: 550 }), "inotify", "ok", /50 machines/],
  ["few keys", onHost({ keys: { user: 200, root: 200 } }), "keys", "warn", /200 for root/],
  ["few terminals", onHost({ ptys: { most: 256, used: 100 } }), "ptys", "warn", /156 of 256/],
  ["little disk", onHost({ disk: { directory: "/d", free: 2 * GiB } }), "disk", "warn", /^2.0 GiB at \/d/],
  [
    "no disk",
    onHost({ disk: { directory: "/d", free: GiB / 4 } }),
    "disk",
    "fail",
    /too little to create a machine/,
  ],
  ["no lxcfs", onHost({ lxcfs: false }), "lxcfs", "ok", /does not run/],
  ["another host", { ...facts, host: undefined }, "host", "ok", /not visible/],
  [
    "remains",
    { ...facts, leftovers: { states: ["/a", "/b"], probes: ["c"], builders: ["d"] } },
    "remains",
    "warn",
    /2 state directories.*1 container for.*1 container of ended builds/,
  ],
  [
    "no engine",
    { ...facts, engine: { unreachable: "nobody there", hint: undefined } },
    "engine",
    "fail",
    /nobody there/,
  ],
])("%s", (_, given, id, status, detail) => {
  const found = planDoctor(given).find((check) => check.id === id);
  test(`${id} is ${status}`, () => expect(found?.status).toBe(status));
  test("says why", () => expect(found?.detail).toMatch(detail));
  test("says what to do, if anything", () => expect(found?.hint === undefined).toBe(status === "ok"));
});

test("what could not be read has no check", () => {
  const unread = {
    lackingCapabilities: undefined,
    inotifyInstances: undefined,
    keys: undefined,
    ptys: undefined,
    disk: undefined,
    bridgeFilter: undefined,
    apparmorProfile: undefined,
    restrictsUserns: undefined,
  };
  const ids = planDoctor(onHost(unread)).map(({ id }) => id);
  for (const id of [
    "capabilities",
    "inotify",
    "keys",
    "ptys",
    "disk",
    "bridge-filter",
    "apparmor-profile",
    "userns-restriction",
  ])
    expect(ids).not.toContain(id);
});

test("the ids that scripts look for: take none away", () => {
  const all: DoctorFacts = {
    ...facts,
    engine: {
      ...engine,
      liveRestore: true,
      securityOptions: ["name=seccomp", "name=no-new-privileges", "name=selinux"],
      networks: [{ name: "lab.test", subnets: ["10.72.0.0/24"], isOwn: true }],
    },
    host: {
      ...host,
      selinux: true,
      wall: "closed",
      programs: { readOnly: true, fapolicyd: true, nvidia: true },
      lackingCapabilities: ["CAP_SYS_RESOURCE"],
    },
  };
  const ids = [all, { ...facts, host: undefined }].flatMap((given) => planDoctor(given).map(({ id }) => id));
  expect([...new Set(ids)].toSorted()).toEqual([
    "apparmor-profile",
    "bridge-filter",
    "capabilities",
    "cgroups",
    "confinement",
    "disk",
    "engine",
    "engine-firewall",
    "engine-kind",
    "fapolicyd",
    "forwarding",
    "gpu",
    "host",
    "image-tools",
    "inotify",
    "install-place",
    "isolation",
    "keys",
    "limits",
    "live-restore",
    "lxcfs",
    "networks",
    "no-new-privileges",
    "ptys",
    "remains",
    "runtime",
    "seccomp",
    "selinux-labels",
    "userns-restriction",
  ]);
});

test("where nothing loads AppArmor's profile, names the host's own package of what does", () => {
  const hints = planDoctor(noParser).flatMap(({ hint }) => (hint?.includes("parser") ? [hint] : []));
  expect(hints).toEqual(Array(2).fill("Run `zypper install apparmor-parser`. Then `berth install runtime`."));
});

import { expect, test } from "bun:test";
import type { Answered } from "#api/answered.ts";
import type { ContainerInspect, ContainerState } from "#api/container.ts";
import type { HostConfig } from "#api/host-config.ts";
import { detailsOf } from "./details.ts";
import type { Machine } from "./machine.ts";

const id = "0123456789ab".padEnd(64, "c");
const machine: Machine = {
  name: "web",
  id,
  state: "running",
  status: "Up",
  network: "berth.internal",
  address: "10.72.0.2",
  image: "debian-12",
  init: "systemd 252",
  ports: [],
  created: 0,
  owner: undefined,
  labels: { "berth.os": "Debian 12", "berth.spec": JSON.stringify({ name: "web", profile: "full" }) },
};

const state: ContainerState = {
  Status: "running",
  Running: true,
  Paused: false,
  Restarting: false,
  OOMKilled: false,
  Dead: false,
  Pid: 7,
  ExitCode: 0,
  Error: "",
  StartedAt: "2026-01-02T00:00:00Z",
  FinishedAt: "0001-01-01T00:00:00Z",
};

function containerOf(host: Answered<HostConfig>, changes: Partial<ContainerInspect> = {}): ContainerInspect {
  return {
    Id: id,
    Created: "2026-01-01T00:00:00Z",
    Path: "/sbin/init",
    Args: ["--x"],
    State: state,
    Image: "sha256:aa",
    Name: "/web",
    RestartCount: 2,
    Driver: "overlay2",
    Platform: "linux",
    AppArmorProfile: "",
    LogPath: "",
    ResolvConfPath: "",
    HostnamePath: "",
    HostsPath: "",
    ExecIDs: null,
    HostConfig: host,
    Mounts: [],
    Config: { Image: "debian-12", Hostname: "web", Tty: true },
    NetworkSettings: { SandboxKey: "", Ports: null, Networks: {} },
    ...changes,
  };
}

const details = (
  host: Answered<HostConfig>,
  changes: Partial<ContainerInspect> = {},
  rootId: number | undefined = undefined,
  berth = true,
) => detailsOf(machine, containerOf(host, changes), rootId, { name: "berth", berth });

test("what the engine tells of a machine", () => {
  const mount = { Driver: "local", Mode: "", Propagation: "" };
  const Mounts = [
    { ...mount, Type: "volume", Name: "data", Source: "/var/lib/x", Destination: "/srv", RW: true },
    { ...mount, Type: "bind", Source: "/home", Destination: "/home", RW: false },
  ];
  const Networks = {
    "berth.internal": { IPAddress: "10.72.0.2", Aliases: ["web", "www", "0123456789ab"] },
    other: { IPAddress: "", IPAMConfig: { IPv4Address: "10.0.0.9" }, GlobalIPv6Address: "fd00::9" },
  };
  const NetworkSettings = {
    SandboxKey: "",
    Ports: {
      "80/tcp": [
        { HostIp: "", HostPort: "8080" },
        { HostIp: "::1", HostPort: "8081" },
      ],
      "22/tcp": null,
    },
    Networks,
  };
  const host = {
    CapAdd: ["CAP_NET_ADMIN"],
    CapDrop: null,
    Memory: 1024,
    NanoCpus: 1.5e9,
    PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "" }], "53/udp": [{ HostPort: "53" }] },
    RestartPolicy: { Name: "always" },
  } as const;
  expect(details(host, { Mounts, NetworkSettings }, 100000)).toEqual({
    name: "web",
    id,
    state: "running",
    exitStatus: undefined,
    outOfMemory: false,
    init: "systemd 252",
    os: "Debian 12",
    image: { name: "debian-12", id: "sha256:aa" },
    command: ["/sbin/init", "--x"],
    hostname: "web",
    network: "berth.internal",
    addresses: [
      { network: "berth.internal", ipv4: "10.72.0.2", ipv6: undefined },
      { network: "other", ipv4: "10.0.0.9", ipv6: "fd00::9" },
    ],
    dnsNames: ["web", "www", "web.berth.internal", "www.berth.internal"],
    ports: [
      { port: "80/tcp", host: ["0.0.0.0:8080", "[::1]:8081"] },
      { port: "53/udp", host: ["0.0.0.0:53"] },
    ],
    profile: "full",
    rootId: 100000,
    runtime: { name: "berth", berth: true },
    weaker: [],
    capabilities: { added: ["CAP_NET_ADMIN"], dropped: [] },
    limits: { memory: 1024, memorySwap: undefined, cpus: 1.5, pids: undefined },
    mounts: [
      { type: "volume", source: "data", target: "/srv", readOnly: false },
      { type: "bind", source: "/home", target: "/home", readOnly: true },
    ],
    restart: "always",
    restarts: 2,
    created: "2026-01-01T00:00:00Z",
    started: "2026-01-02T00:00:00Z",
    finished: undefined,
    spec: { name: "web", profile: "full" },
    labels: machine.labels,
  });
});

test.each<[string, boolean, number | undefined, string]>([
  ["of a machine that does not run is the one asked for", false, undefined, "full"],
  ["of a machine whose root is the host's is strict", false, 0, "strict"],
  ["of a machine with a user namespace is full", false, 65536, "full"],
  ["of a privileged machine is that, whatever its root", true, 0, "privileged"],
])("the profile %s", (_name, Privileged, rootId, profile) => {
  expect(details({ Privileged }, {}, rootId).profile).toBe(profile);
});

test.each([
  [0, undefined],
  [-1, undefined],
  [null, undefined],
  [64, 64],
])("a limit of %p processes is %p", (PidsLimit, pids) => {
  expect(details({ PidsLimit }).limits.pids).toBe(pids);
});

test("a machine that ended has a status and a time, and one that never ran has neither", () => {
  const ended = { ...state, Status: "exited", Running: false, ExitCode: 137, OOMKilled: true } as const;
  const at = "2026-01-03T00:00:00Z";
  expect(details({}, { State: { ...ended, FinishedAt: at } })).toMatchObject({
    exitStatus: 137,
    outOfMemory: true,
    finished: at,
    restart: "no",
  });
  const made = { ...state, Status: "created", Running: false, StartedAt: state.FinishedAt } as const;
  const { exitStatus, started, finished } = details({}, { State: made });
  expect([exitStatus, started, finished]).toEqual([undefined, undefined, undefined]);
});

test("what makes a machine weaker", () => {
  const host = { CgroupnsMode: "host" } as const;
  const Config = { Tty: false };
  expect(details(host, { Config }, 0, false).weaker.length).toBe(4);
});

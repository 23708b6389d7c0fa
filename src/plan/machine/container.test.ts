import { expect, test } from "bun:test";
import { initFromLabels, label, parseSpecLabel } from "#labels/machine.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { fleetFromOptions } from "#machinefile/read/fleet-from-options.ts";
import { parsePublish } from "#machinefile/value/publish.ts";
import { parseVolume } from "#machinefile/value/volume.ts";
import type { ApiContract } from "./api-contract.ts";
import type { Applier } from "./applier.ts";
import { type PlannedImage, renderContainer } from "./container.ts";

const fleet = fleetFromOptions({ names: ["web"], values: { image: "debian-12" } }, {});
const labels = { [label.init]: "systemd", [label.initVersion]: "252", other: "x" };
const image: PlannedImage = {
  id: "sha256:1",
  reference: "berth/debian-12:latest",
  command: ["/sbin/init"],
  labels,
  handedDown: labels,
};
const runtime: Applier = { runtime: "berth" };
/** Whatever the image's environment may ask, it is asked otherwise here. */
const defaultVariables = [
  ...[
    "BERTH_IMAGE=sha256:1",
    "BERTH_PROFILE=",
    "BERTH_IDS=",
    "BERTH_LXCFS=",
    "BERTH_HOSTNAME=",
    "BERTH_MACHINE_ID=",
  ],
  ...["BERTH_RUNTIME=", "oci-systemd-hook=", "container_uuid="],
];

function render(more: Partial<MachineSpec> = {}, applier: Applier = runtime, from: PlannedImage = image) {
  const [machine] = fleet.machines;
  if (machine === undefined) throw new Error("no machine");
  return renderContainer({ ...machine, ...more }, fleet, from, "10.72.0.2", applier);
}

test("a machine without request: a terminal, a name, an address, labels that tell all, and nothing more than the engine's own rights", () => {
  const body = render();
  expect(body).toMatchObject({
    Hostname: "web",
    Domainname: "berth.internal",
    Image: "berth/debian-12:latest",
    Tty: true,
    Cmd: ["/sbin/init"],
    Env: defaultVariables,
    HostConfig: {
      Runtime: "berth",
      Privileged: false,
      CapAdd: [],
      RestartPolicy: { Name: "unless-stopped" },
      NetworkMode: "berth.internal",
    },
    NetworkingConfig: {
      EndpointsConfig: { "berth.internal": { IPAMConfig: { IPv4Address: "10.72.0.2" }, Aliases: ["web"] } },
    },
  });
  expect(body.Labels).toMatchObject({
    "berth.machine": "web",
    "berth.network": "berth.internal",
    "berth.init": "systemd",
    "berth.init.version": "252",
  });
  expect(body.Labels).not.toHaveProperty("other");
  expect(parseSpecLabel(body.Labels?.[label.spec])).toMatchObject({ name: "web", image: "debian-12" });
  for (const limit of ["Memory", "CpusetCpus", "BlkioWeight", "BlkioDeviceReadBps"])
    expect(body.HostConfig).not.toHaveProperty(limit);
});

test("what labels say of an init goes for the command of an image that berth made alone, and is taken back else", () => {
  const inherited = { "berth.init": "", "berth.init.version": "" };
  expect(render({}, runtime, { ...image, labels: {} }).Labels).toMatchObject(inherited);
  expect(render({ command: ["/sbin/openrc-init"] }).Labels).toMatchObject(inherited);
  expect(initFromLabels(inherited)).toBeUndefined();
  expect(render({}, runtime, { ...image, labels: {}, handedDown: {} }).Labels).not.toHaveProperty(label.init);
});

test.each([
  ["cpus", { cpus: 1.5 }, { NanoCpus: 1_500_000_000 }],
  ["memory and swap", { memory: 2 ** 29, memorySwap: -1 }, { Memory: 2 ** 29, MemorySwap: -1 }],
  ["pids", { pids: 100 }, { PidsLimit: 100 }],
  [
    "processors by number, block I/O",
    {
      cpuset: "0-1",
      blkioWeight: 300,
      deviceReadBps: [{ device: "/dev/sda", rate: 1024 }],
      deviceWriteIops: [{ device: "/dev/sdb", rate: 9 }],
    },
    {
      CpusetCpus: "0-1",
      BlkioWeight: 300,
      BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1024 }],
      BlkioDeviceWriteIOps: [{ Path: "/dev/sdb", Rate: 9 }],
    },
  ],
  [
    "a bind and a named volume",
    { volumes: [parseVolume("/srv:/srv:ro"), parseVolume("data:/data")] },
    { Binds: ["/srv:/srv:ro", "data:/data"], Mounts: [] },
  ],
  [
    "an anonymous volume",
    { volumes: [parseVolume("/var/lib/x")] },
    { Binds: [], Mounts: [{ Type: "volume", Target: "/var/lib/x" }] },
  ],
  [
    "tmpfs, at a place of the machine's own with its options, and /dev/shm",
    {
      tmpfs: [
        { target: "/tmp", options: ["size=1048576", "mode=700"] },
        { target: "/srv", options: [] },
      ],
      shmSize: 2 ** 30,
    },
    { Tmpfs: { "/tmp": "nosuid,nodev,exec,mode=1777,size=1048576,mode=700", "/srv": "" }, ShmSize: 2 ** 30 },
  ],
  [
    "a /dev/shm of the size that engines give unasked",
    { shmSize: 2 ** 26 },
    { Tmpfs: { "/dev/shm": "nosuid,nodev,noexec,mode=1777,size=67108864" }, ShmSize: 2 ** 26 },
  ],
  ["capabilities", { capabilities: ["CAP_NET_ADMIN"] }, { CapAdd: ["CAP_NET_ADMIN"] }],
  [
    "privileged takes no list",
    { profile: "privileged", capabilities: ["CAP_NET_ADMIN"] },
    { Privileged: true, CapAdd: [] },
  ],
  [
    "a range, and one port twice",
    {
      publish: [
        parsePublish("1000-1001:2000-2001"),
        parsePublish("127.0.0.1:53:53/udp"),
        parsePublish("5353:53/udp"),
      ],
    },
    {
      PortBindings: {
        "2000/tcp": [{ HostPort: "1000" }],
        "2001/tcp": [{ HostPort: "1001" }],
        "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }, { HostPort: "5353" }],
      },
    },
  ],
] as [string, Partial<MachineSpec>, object][])("%s", (_, more, expected) => {
  expect(render(more).HostConfig).toMatchObject(expected);
});

test.each([
  [
    "its own command",
    { command: ["/sbin/init", "--unit=rescue.target"] },
    image,
    ["/sbin/init", "--unit=rescue.target"],
  ],
  ["the image's", {}, { ...image, command: ["/lib/systemd/systemd"] }, ["/lib/systemd/systemd"]],
  ["/sbin/init where the image names none", {}, { ...image, command: [] }, ["/sbin/init"]],
] as [string, Partial<MachineSpec>, PlannedImage, string[]][])("PID 1 is %s", (_, more, from, command) => {
  expect(render(more, runtime, from).Cmd).toEqual(command);
});

test.each([
  ["profile and ids", { profile: "full", ids: 131072 }, ["BERTH_PROFILE=full", "BERTH_IDS=131072"]],
  ["lxcfs", { lxcfs: true }, ["BERTH_LXCFS=1"]],
] as [string, Partial<MachineSpec>, string[]][])(
  "berth-runtime is told of %s, and that nothing else is asked",
  (_, more, variables) => {
    const nameOf = (entry: string) => entry.replace(/=.*/, "=");
    const told = defaultVariables.map(
      (entry) => variables.find((variable) => nameOf(variable) === nameOf(entry)) ?? entry,
    );
    expect(render({ environment: { A: "b" }, ...more }).Env).toEqual([...told, "A=b"]);
  },
);

test("without the runtime the contract goes into the call", () => {
  const api: ApiContract = {
    tmpfs: { "/run": "rw,exec" },
    binds: ["/sys/fs/cgroup/systemd:/sys/fs/cgroup/systemd:ro"],
    cgroupParent: "/berth-machine-web",
    cgroupNamespace: "host",
    environment: ["container=docker"],
    arguments: ["systemd.mask=x.service"],
    capabilitiesAdded: ["CAP_SYS_BOOT"],
    securityOptions: [],
    stopSignal: "37",
    degradations: [],
  };
  const body = render({ environment: { A: "b" } }, { api });
  expect(body).toMatchObject({
    Cmd: ["/sbin/init", "systemd.mask=x.service"],
    Env: ["A=b", "container=docker"],
    StopSignal: "37",
  });
  expect(body.HostConfig).toMatchObject({
    Tmpfs: api.tmpfs,
    Binds: api.binds,
    CgroupParent: "/berth-machine-web",
    CgroupnsMode: "host",
    CapAdd: ["CAP_SYS_BOOT"],
  });
  expect(body.HostConfig).not.toHaveProperty("Runtime");
});

test("full by name may gain privileges, whatever the engine's default is; nobody else is said anything of", () => {
  const options = (more: Partial<MachineSpec>) => render(more).HostConfig?.SecurityOpt;
  expect(options({ profile: "full" })).toEqual(["no-new-privileges=false"]);
  for (const more of [{ profile: "strict" }, { profile: "privileged" }, {}] as const)
    expect(options(more)).toEqual([]);
});

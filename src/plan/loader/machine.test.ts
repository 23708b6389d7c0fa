import { expect, test } from "bun:test";
import { lxcfsFiles } from "#contract/lxcfs.ts";
import { parseLoaderLabels } from "#labels/loader/parse.ts";
import { type GuardTask, renderGuard } from "./guard.ts";
import { imageEntries, type LoadedMachine, renderLoadedMachine } from "./machine.ts";

const root = {
  bound: [
    { name: "etc", directory: true },
    { name: "swapfile", directory: false },
  ],
  links: [{ name: "bin", target: "usr/bin" }],
  notes: [],
};
function render(labels: Record<string, string>, more: Partial<LoadedMachine> = {}) {
  const spec = parseLoaderLabels({ "berth.loader.root": "/srv/x", ...labels });
  return renderLoadedMachine({
    spec,
    name: "mail.1.a.app",
    loader: "L",
    service: "mail",
    image: "berth-root:1",
    imageId: undefined,
    root,
    guest: undefined,
    identity: "1:2",
    applier: { runtime: "berth" },
    files: [],
    ...more,
  });
}

test("it stands beside its loader, in its network, with the folder bound as it is", () => {
  expect(render({})).toMatchObject({
    Image: "berth-root:1",
    Tty: true,
    Cmd: ["/sbin/init"],
    Env: expect.arrayContaining([
      "BERTH_PROFILE=",
      "BERTH_MACHINE_ID=keep",
      "BERTH_RUNTIME=",
      "container_uuid=",
    ]),
    Labels: {
      "berth.machine": "mail.1.a.app",
      "berth.loader": "L",
      "berth.service": "mail",
      "berth.root": "/srv/x",
      "berth.root.identity": "1:2",
    },
    HostConfig: {
      Runtime: "berth",
      NetworkMode: "container:L",
      Privileged: false,
      Mounts: [
        { Type: "bind", Source: "/srv/x/etc", Target: "/etc" },
        { Type: "bind", Source: "/srv/x/swapfile", Target: "/swapfile" },
      ],
    },
  });
});

test.each<[string, Record<string, string>, object]>([
  [
    "request for the runtime",
    { "real.profile": "strict", "real.ids": "131072", "real.lxcfs": "yes", "real.hostname": "m.test" },
    {
      Env: [
        ...[
          "BERTH_IMAGE=",
          "BERTH_PROFILE=strict",
          "BERTH_IDS=131072",
          "BERTH_LXCFS=1",
          "BERTH_HOSTNAME=m.test",
          "BERTH_MACHINE_ID=keep",
        ],
        ...["BERTH_RUNTIME=", "oci-systemd-hook=", "container_uuid="],
      ],
    },
  ],
  ["privileged by a flag", { "real.args": "privileged=true" }, { HostConfig: { Privileged: true } }],
  [
    "volumes of each kind",
    { "real.volumes": "/a,v1:/b,/c:/d:ro" },
    { Volumes: { "/a": {} }, HostConfig: { Binds: ["v1:/b", "/c:/d:ro"] } },
  ],
  [
    "limits",
    { "real.memory": "1g", "real.cpus": "1.5", "real.pids": "99", "real.cpuset-cpus": "0" },
    { HostConfig: { Memory: 1024 ** 3, NanoCpus: 1.5e9, PidsLimit: 99, CpusetCpus: "0" } },
  ],
  [
    "the stop signal and time",
    { "real.stop-signal": "PWR", "real.stop-timeout": "2m" },
    { StopSignal: "30", StopTimeout: 120 },
  ],
  [
    "flags after labels",
    { "real.capabilities": "NET_ADMIN", "real.args": "cap-add=SYS_TIME,env=X=1" },
    {
      Env: expect.arrayContaining(["BERTH_MACHINE_ID=keep", "X=1"]),
      HostConfig: { CapAdd: ["CAP_NET_ADMIN", "SYS_TIME"] },
    },
  ],
])("%s", (_, labels, expected) => expect(render(labels)).toMatchObject(expected));

test("without berth-runtime every file of lxcfs is bound", () => {
  const applier = { api: {} } as unknown as LoadedMachine["applier"];
  expect(render({ "real.lxcfs": "/lxcfs" }, { applier }).HostConfig?.Binds).toEqual(
    lxcfsFiles.map((file) => `/lxcfs${file}:${file}:ro`),
  );
});

test("an image that is the root is named by its id, so that its environment asks nothing of the runtime", () =>
  expect(render({}, { imageId: "sha256:1" }).Env).toContain("BERTH_IMAGE=sha256:1"));

test("the host name is none of the engine's business, which refuses one beside another's network", () =>
  expect(render({ "real.args": "hostname=x.test" })).not.toHaveProperty("Hostname"));

test("secrets are files where the service has them, and systemd's credentials", () => {
  const body = render({}, { files: [{ source: "/d/mounts/secrets/abc", target: "/run/secrets/key" }] });
  expect(body.Env).toContain("CREDENTIALS_DIRECTORY=/run/host-credentials");
  expect(body.HostConfig?.Mounts?.slice(2)).toEqual([
    { Type: "bind", Source: "/d/mounts/secrets/abc", Target: "/run/secrets/key", ReadOnly: true },
    { Type: "bind", Source: "/d/mounts/secrets/abc", Target: "/run/host-credentials/key", ReadOnly: true },
  ]);
});

test("the image has a place for all that is mounted, and the links", () =>
  expect(imageEntries(root)).toEqual([
    { name: "bin", kind: "link", target: "usr/bin" },
    { name: "dev", kind: "directory" },
    { name: "etc", kind: "directory" },
    { name: "proc", kind: "directory" },
    { name: "run", kind: "directory" },
    { name: "swapfile", kind: "file" },
    { name: "sys", kind: "directory" },
  ]));

const task: GuardTask = {
  loader: "L",
  machine: "m.app",
  guard: "m.guard",
  engine: "E",
  folder: "/srv/x",
  command: ["/sbin/init"],
  publish: [],
  targets: {},
  stopTimeout: 90,
};
const origin = {
  image: "I",
  socket: { path: "/var/run/docker.sock", source: "/var/run/docker.sock", target: "/var/run/docker.sock" },
  lock: false,
};

test("a guard has the folder read-only, what holds it writable, and no capability that it does not need", () => {
  const { HostConfig } = renderGuard(task, origin);
  expect(HostConfig.Memory).toBe(2 * 1024 ** 3);
  expect(HostConfig).toMatchObject({
    NetworkMode: "host",
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
  });
  expect(HostConfig.Mounts.map(({ Source, Target, ReadOnly }) => `${Source} ${Target} ${ReadOnly}`)).toEqual([
    "/var/run/docker.sock /var/run/docker.sock true",
    "/srv /host/parent false",
    "/srv/x /host/folder true",
  ]);
  expect(HostConfig.Binds).toEqual(["/run/berth/locks:/run/berth/locks"]);
});

test("a guard of an image has no folder, one of a machine by the Engine API the cgroups", () => {
  const { folder: _, ...rest } = task;
  const { Binds, Mounts } = renderGuard({ ...rest, cgroupParent: "/p" }, origin).HostConfig;
  expect([...Binds, ...Mounts.map(({ Target }) => Target)]).toEqual(["/var/run/docker.sock", "/host/cgroup"]);
});

test("a guard shares the host's lock of iptables where there is one", () =>
  expect(renderGuard(task, { ...origin, lock: true }).HostConfig.Mounts[1]).toMatchObject({
    Source: "/run/xtables.lock",
    ReadOnly: false,
  }));

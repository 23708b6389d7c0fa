import { beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DockerFlags, parseDockerFlags } from "#docker-flags/flags.ts";
import { connect } from "#engine/connection/connect.ts";
import { resolveEndpoint } from "#engine/connection/endpoint.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { createContainer, inspectContainer, removeContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { run } from "#host/process/run.ts";
import { spawn } from "#host/process/spawn.ts";
import { labEngineRoot } from "#lab/lab-image.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

/** What is given for a flag, each a list of words. */
interface Samples {
  /** Both must make the same container of it. */
  readonly same?: readonly (readonly string[])[];
  /**
   * The same, but newer versions of the API, which this client does not speak, have nothing for it or mean
   * something else.
   */
  readonly sameOnce?: readonly (readonly string[])[];
  /** Both must refuse it. */
  readonly refused?: readonly (readonly string[])[];
  /** The client and its engine make a container that ignores it or cannot start; here it is refused. */
  readonly stricter?: readonly (readonly string[])[];
}

const onNetwork = "--network=net";

/**
 * Every flag of docker's own help that makes a difference to a container. The network, the volume and the
 * container "other" are there.
 */
const samples: Readonly<Record<string, Samples>> = {
  "add-host": {
    same: [["--add-host=a:1.2.3.4", "--add-host=b:::1", "--add-host=c:host-gateway"]],
    refused: [["--add-host=a"], ["--add-host=a:b"]],
  },
  attach: {
    same: [["--attach=stdout"], ["--attach=STDIN", "-i"], ["-a", "stderr", "-a", "stdin"]],
    refused: [["--attach=foo"]],
  },
  "blkio-weight": {
    same: [["--blkio-weight=500"], ["--blkio-weight=0"]],
    refused: [["--blkio-weight=x"]],
    stricter: [["--blkio-weight=5"]],
  },
  "blkio-weight-device": {
    same: [["--blkio-weight-device=/dev/null:500", "--blkio-weight-device=/dev/zero:0"]],
    refused: [["--blkio-weight-device=null:500"], ["--blkio-weight-device=/dev/null:5"]],
  },
  "cap-add": {
    same: [["--cap-add=NET_ADMIN", "--cap-add=cap_sys_time"], ["--cap-add=all"]],
    refused: [["--cap-add=FOO"]],
  },
  "cap-drop": {
    same: [["--cap-drop=CAP_CHOWN"], ["--cap-drop=ALL", "--cap-add=KILL"]],
    refused: [["--cap-drop=CAP_FOO"]],
  },
  "cgroup-parent": { same: [["--cgroup-parent=/a/b"]] },
  cgroupns: {
    same: [["--cgroupns=host"], ["--cgroupns=private"], ["--cgroupns="]],
    refused: [["--cgroupns=x"]],
  },
  "cpu-period": {
    same: [["--cpu-period=50000"], ["--cpu-period=0"]],
    refused: [["--cpu-period=x"], ["--cpu-period=1"]],
  },
  "cpu-quota": {
    same: [["--cpu-quota=50000"], ["--cpu-quota=-1"]],
    refused: [["--cpu-quota=1.5"], ["--cpu-quota=1"]],
  },
  "cpu-rt-period": { refused: [["--cpu-rt-period=x"]] },
  "cpu-rt-runtime": { refused: [["--cpu-rt-runtime=x"]] },
  "cpu-shares": { same: [["--cpu-shares=512"], ["--cpu-shares=0"]], refused: [["--cpu-shares=half"]] },
  cpus: {
    same: [["--cpus=1.5"], ["--cpus=.25"], ["--cpus=0"]],
    refused: [["--cpus=many"], ["--cpus=0.0000000001"], ["--cpus=1000"]],
  },
  "cpuset-cpus": {
    same: [["--cpuset-cpus=0"], ["--cpuset-cpus=0-1"], ["--cpuset-cpus="]],
    refused: [["--cpuset-cpus=a"], ["--cpuset-cpus=0-9999"]],
  },
  "cpuset-mems": { same: [["--cpuset-mems=0"], ["--cpuset-mems="]], refused: [["--cpuset-mems=a"]] },
  device: {
    same: [
      ["--device=/dev/null", "--device=/dev/zero:rw"],
      ["--device=/dev/full:/dev//x", "--device=/dev/random:/dev//y:m"],
    ],
    refused: [["--device=null"], ["--device=/dev/null:/x:rwx"], ["--device=/dev/null:x"]],
  },
  "device-cgroup-rule": {
    same: [["--device-cgroup-rule=c 1:3 rwm", "--device-cgroup-rule=b *:* r"]],
    refused: [["--device-cgroup-rule=c 1:3"]],
  },
  "device-read-bps": {
    same: [["--device-read-bps=/dev/null:1mb"]],
    refused: [["--device-read-bps=/dev/null:x"], ["--device-read-bps=null:1"]],
  },
  "device-read-iops": {
    same: [["--device-read-iops=/dev/null:10"]],
    refused: [["--device-read-iops=/dev/null:1mb"]],
  },
  "device-write-bps": {
    same: [["--device-write-bps=/dev/null:1.5k", "--device-write-bps=/dev/zero:7"]],
    refused: [["--device-write-bps=/dev/null"]],
  },
  "device-write-iops": {
    same: [["--device-write-iops=/dev/null:10"]],
    refused: [["--device-write-iops=/dev/null:-1"]],
  },
  dns: { same: [["--dns=1.1.1.1", "--dns=2001:DB8:0::1"]], refused: [["--dns=example.com"]] },
  "dns-option": { same: [["--dns-option=ndots:2", "--dns-opt=rotate"]] },
  "dns-search": {
    same: [["--dns-search=a.b.", "--dns-search=c"], ["--dns-search=."]],
    refused: [["--dns-search=a..b"], ["--dns-search=1.2"]],
  },
  domainname: { same: [["--domainname=a.b"], ["--domainname=a.b", "--hostname=c"]] },
  entrypoint: { same: [["--entrypoint=/a b"], ["--entrypoint="]] },
  env: { same: [["--env=A=1", "-e", "B=", "-eA=x=y"], ["--env=A.b=1"]], refused: [["--env==x"]] },
  expose: {
    same: [["--expose=80", "--expose=81-83/udp"]],
    refused: [["--expose=80:81"], ["--expose=x"]],
    stricter: [["--expose=80/foo"]],
  },
  gpus: {
    same: [
      ["--gpus=all"],
      ["--gpus=device=0,driver=x"],
      ['--gpus="capabilities=a,b","options=c=d,e",count=2'],
    ],
    refused: [["--gpus=some"]],
  },
  "group-add": { same: [["--group-add=7", "--group-add=staff"]] },
  "health-cmd": { same: [["--health-cmd=a b", "--health-retries=2"], ["--health-cmd="]] },
  "health-interval": {
    same: [["--health-interval=1m30s"], ["--health-interval=0"]],
    refused: [["--health-interval=90"], ["--health-interval=-1s"]],
  },
  "health-retries": { same: [["--health-retries=3"]], refused: [["--health-retries=-1"]] },
  "health-start-period": {
    same: [["--health-start-period=1.5s"]],
    refused: [["--health-start-period=x"], ["--health-start-period=1us"]],
  },
  "health-timeout": { same: [["--health-timeout=1h"]], refused: [["--health-timeout=1d"]] },
  hostname: { same: [["--hostname=a"], ["--hostname=a.b"], ["--hostname="]] },
  init: { same: [["--init"], ["--init=false"]], refused: [["--init=maybe"]] },
  interactive: { same: [["--interactive"], ["-it"], ["--interactive=false"]] },
  ip: { same: [[onNetwork, "--ip=172.30.0.5"]], refused: [[onNetwork, "--ip=::1"]] },
  ip6: { same: [[onNetwork, "--ip6=2001:db8::5"]], refused: [[onNetwork, "--ip6=1.2.3.4"]] },
  ipc: {
    same: [["--ipc=host"], ["--ipc=shareable"], ["--ipc=none"], ["--ipc=container:other"]],
    stricter: [["--ipc=foo"]],
  },
  isolation: { same: [["--isolation=default"], ["--isolation="]], refused: [["--isolation=hyperv"]] },
  "kernel-memory": { sameOnce: [["--kernel-memory=64m"]], refused: [["--kernel-memory=x"]] },
  label: {
    same: [["--label=a=1", "-l", "b", "-lc==x", "-la=2"]],
    refused: [["--label=a b=c"], ["--label==x"]],
  },
  link: {
    same: [["--link=other"], ["--link=other:db", "--link=other:x"], [onNetwork, "--link=other:db"]],
    refused: [["--link=a:b:c"], ["--link=nobody"]],
  },
  "link-local-ip": { same: [[onNetwork, "--link-local-ip=169.254.1.2", "--link-local-ip=169.254.1.3"]] },
  "log-driver": {
    same: [["--log-driver=none"], ["--log-driver=json-file"]],
    refused: [["--log-driver=foo"], ["--log-driver=none", "--log-opt=a=b"]],
  },
  "log-opt": {
    same: [["--log-opt=max-size=1m", "--log-driver=json-file", "--log-opt=max-file=2"]],
    refused: [["--log-opt=foo=bar"]],
  },
  "mac-address": {
    same: [["--mac-address=92:d0:c6:0a:29:33"], [onNetwork, "--mac-address=92-D0-C6-0A-29-33"]],
    refused: [["--mac-address=92:d0"]],
  },
  memory: {
    same: [["--memory=64m"], ["-m", "1.5g"], ["--memory=10485760b"], ["--memory=0"]],
    refused: [["--memory=much"], ["--memory=1m"]],
  },
  "memory-reservation": {
    same: [["--memory-reservation=32MiB", "--memory=64mb"]],
    refused: [["--memory-reservation=x"], ["--memory=16m", "--memory-reservation=32m"]],
  },
  "memory-swap": {
    same: [
      ["--memory-swap=-1", "-m64m"],
      ["--memory-swap=128m", "--memory=64m"],
    ],
    refused: [["--memory-swap=x"], ["-m64m", "--memory-swap=32m"]],
  },
  "memory-swappiness": {
    same: [["--memory-swappiness=10"], ["--memory-swappiness=-1"]],
    refused: [["--memory-swappiness=101"]],
  },
  mount: {
    sameOnce: [["--mount=type=bind,src=/etc,dst=/b,readonly"]],
    same: [
      ["--mount=type=bind,src=/etc,dst=/b,bind-propagation=rslave,bind-nonrecursive=true,consistency=cached"],
      ["--mount=src=vol,dst=/b,volume-nocopy,volume-label=a=b,volume-driver=local", "--mount=dst=/c"],
      ["--mount=type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1777"],
      ['--mount=type=bind,"src=/etc",target=/b,ro=false'],
    ],
    refused: [
      ["--mount=type=bind,src=/nowhere,dst=/b"],
      ["--mount=type=bind,src=/etc"],
      ["--mount=type=bind,src=/etc,dst=/b,volume-nocopy"],
      ["--mount=a"],
    ],
  },
  network: {
    same: [
      ["--network=none"],
      ["--network=host"],
      ["--network=bridge"],
      ["--network=container:other"],
      [onNetwork],
      ["--network=name=net,alias=A,alias=b"],
      ["--network=name=net,driver-opt=com.example.a=b"],
    ],
    refused: [
      ["--network="],
      [onNetwork, "--network=host"],
      [onNetwork, onNetwork],
      ["--network=name=net,foo=bar"],
      ["--network=alias=a"],
    ],
  },
  "network-alias": {
    same: [[onNetwork, "--network-alias=A", "--net-alias=b"]],
    refused: [["--network=host", "--network-alias=a"]],
  },
  "no-healthcheck": {
    same: [["--no-healthcheck"], ["--no-healthcheck=false"]],
    refused: [["--no-healthcheck", "--health-cmd=x"]],
  },
  "oom-kill-disable": { same: [["--oom-kill-disable"], ["--oom-kill-disable=false"]] },
  "oom-score-adj": {
    same: [["--oom-score-adj=-500"], ["--oom-score-adj=1000"]],
    refused: [["--oom-score-adj=1001"], ["--oom-score-adj=x"]],
  },
  pid: {
    same: [["--pid=host"], ["--pid=container:other"], ["--pid="]],
    refused: [["--pid=foo"], ["--pid=container:"]],
  },
  "pids-limit": {
    same: [["--pids-limit=100"], ["--pids-limit=-1"], ["--pids-limit=0"]],
    refused: [["--pids-limit=some"]],
  },
  platform: { same: [["--platform=linux/amd64"]], refused: [["--platform=a/b/c/d"]] },
  privileged: {
    same: [["--privileged"], ["--privileged=T"], ["--privileged", "--privileged=0"]],
    refused: [["--privileged=yes"]],
  },
  publish: {
    same: [
      ["--publish=80"],
      ["--publish=8080:80", "-p", "8081:80", "-p53:53/udp"],
      ["-p127.0.0.1:8080-8082:80-82", "-p[::1]:9090:90"],
      ["--publish=8000-8010:80", "--expose=81"],
      ["--publish=published=8080,target=80,protocol=udp"],
      ["--publish=127.0.0.1::80", "--publish=0:81"],
    ],
    refused: [
      ["--publish=x"],
      ["--publish=65536"],
      ["--publish=80-79:80-79"],
      ["--publish=90-92:80-81"],
      ["--publish=localhost:80:80"],
      ["--publish=80/foo"],
    ],
  },
  "publish-all": { same: [["--publish-all", "--expose=80"], ["-P=false"]] },
  "read-only": { same: [["--read-only"], ["--read-only=false"]] },
  restart: {
    same: [
      ["--restart=no"],
      ["--restart=always"],
      ["--restart=on-failure:3"],
      ["--restart=unless-stopped"],
      ["--restart=on-failure", "--restart=always"],
    ],
    refused: [["--restart=foo"], ["--restart=always:3"], ["--restart=on-failure:x"]],
    stricter: [["--restart=:3"]],
  },
  rm: { same: [["--rm"], ["--rm=false"], ["--rm", "--restart=no"]], refused: [["--rm", "--restart=always"]] },
  runtime: { same: [["--runtime=runc"]], refused: [["--runtime=foo"]] },
  "security-opt": {
    same: [
      [
        "--security-opt=label:disable",
        "--security-opt=no-new-privileges",
        "--security-opt=seccomp=unconfined",
      ],
      ["--security-opt=label=type:a_t", "--security-opt=label=level:s0"],
      ["--security-opt=systempaths=unconfined", "--security-opt=no-new-privileges:true"],
    ],
    refused: [["--security-opt=foo"], ["--security-opt=foo=bar"], ["--security-opt=seccomp=/nowhere"]],
  },
  "shm-size": {
    same: [["--shm-size=128m"], ["--shm-size=1.5k"]],
    refused: [["--shm-size=x"], ["--shm-size=-1"]],
  },
  "stop-signal": {
    same: [["--stop-signal=SIGRTMIN+3"], ["--stop-signal=37"]],
    refused: [["--stop-signal=SIGFOO"]],
  },
  "stop-timeout": {
    same: [["--stop-timeout=180"], ["--stop-timeout=0"], ["--stop-timeout=-1"]],
    refused: [["--stop-timeout=1s"]],
  },
  "storage-opt": { refused: [["--storage-opt=size"], ["--storage-opt=foo=bar"]] },
  sysctl: {
    same: [["--sysctl=net.core.somaxconn=1024", "--sysctl=kernel.msgmax=1=2"]],
    refused: [["--sysctl=kernel.hostname=x"], ["--sysctl=net.a"]],
  },
  tmpfs: { same: [["--tmpfs=/a", "--tmpfs=/b:rw,size=1m"], ["--tmpfs=/a:foo"]], stricter: [["--tmpfs=a"]] },
  tty: { same: [["--tty"], ["-t=false"], ["-ti"]] },
  ulimit: {
    same: [["--ulimit=nofile=1024", "--ulimit=core=-1", "--ulimit=nofile=10:20"]],
    refused: [["--ulimit=nofile=20:10"], ["--ulimit=foo=1"], ["--ulimit=nofile"]],
  },
  user: { same: [["--user=1000:1000"], ["--user=nobody"]] },
  userns: { same: [["--userns=host"], ["--userns="]], refused: [["--userns=private"]] },
  uts: { same: [["--uts=host"], ["--uts="]], refused: [["--uts=private"]] },
  volume: {
    same: [
      ["--volume=/a"],
      ["--volume=vol:/b:ro,nocopy", "-v", "/etc:/c/../d"],
      ["-v/etc:/b:ro,rslave", "-v/etc:/b:ro,rslave"],
      ["--volume=fresh:/b", "--volume=/b2"],
    ],
    refused: [["--volume=/a:/b:foo"], ["--volume=/a:b"], ["--volume=/a:/"]],
    stricter: [["--volume=x:/b"], ["--volume=./a:/b"]],
  },
  "volume-driver": { same: [["--volume-driver=local", "--volume=/a"]] },
  "volumes-from": {
    same: [["--volumes-from=other"], ["--volumes-from=other:ro"]],
    refused: [["--volumes-from=nobody"]],
  },
  workdir: { same: [["--workdir=/a/b"], ["-w/"]], refused: [["--workdir=a"]] },
};

/** Flags whose work is the client's own, with a value where they have one. */
const clients = {
  ...{
    cidfile: "x",
    detach: undefined,
    "detach-keys": "a",
    "disable-content-trust": undefined,
    "env-file": "x",
    help: undefined,
  },
  ...{ "label-file": "x", pull: "always", "sig-proxy": undefined },
} as const;

/** How a flag of the client's help is called. */
interface HelpFlag {
  readonly name: string;
  readonly short: string | undefined;
  readonly hasValue: boolean;
}

const versions = ["docker20", "docker26"] as const;
const node = useNodes({
  nodes: { docker20: { runtime: false }, docker26: { runtime: false, root: () => labEngineRoot("trixie") } },
  images: {},
});

const rows = (outcome: keyof Samples) =>
  Object.entries(samples).flatMap(([name, given]) =>
    (given[outcome] ?? []).map((words) => [name, words] as const),
  );

describe.skipIf(!canHaveEngines)("docker's flags (needs root)", () => {
  let help: readonly HelpFlag[];
  beforeAll(async () => {
    help = parseHelp((await run("/usr/bin/docker", ["run", "--help"])).stdout);
  });

  test("every flag of the client's help is compared or refused", () => {
    expect(help.length).toBeGreaterThan(80);
    const known = [...Object.keys(samples), ...Object.keys(clients), "name"];
    expect(help.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
    for (const outcome of ["same", "sameOnce", "refused", "stricter"] as const) {
      for (const [name, words] of rows(outcome))
        expect([name, words.some((word) => isOf(word, help, name))]).toEqual([name, true]);
    }
  });

  test("flags of the client's own work are refused by name", () => {
    for (const [name, value] of Object.entries(clients)) {
      const word = value === undefined ? `--${name}` : `--${name}=${value}`;
      expect(outcomeOf(word)).toStartWith(`--${name}: unsupported flag: `);
    }
  });

  test.each(rows("stricter"))("--%s: %j is refused, though docker create takes it", (name, words) => {
    expect(outcomeOf(...words)).toStartWith(`--${name}: `);
  });

  test("every flag has the letter that the client's help says, and a value where that says so", () => {
    for (const { name, short, hasValue } of help) {
      expect([name, outcomeOf(`--${name}`).endsWith("missing value")]).toEqual([name, hasValue]);
      if (short !== undefined)
        expect(outcomeOf(`-${short}=1`)).toBe(outcomeOf(`--${name}=1`).replace(`--${name}:`, `-${short}:`));
    }
  });
});

for (const version of versions) {
  describe.skipIf(!canHaveEngines)(`docker's flags on ${version} (needs root)`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await connect(resolveEndpoint({ DOCKER_HOST: node(version).socket }), { spawn });
      await prepare(node(version));
    }, 60_000);

    test("a name is the container's", async () => {
      const { docker } = node(version);
      await docker("create", "--name=theirs", "tiny", "/bin/true");
      const id = await createOurs(engine, parseDockerFlags(["--name=ours"]));
      expect((await docker("inspect", "--format", "{{.Name}}", "theirs", id)).stdout).toBe(
        "/theirs\n/ours\n",
      );
      await docker("rm", "theirs", "ours");
    });

    test.each([...rows("same"), ...(version === "docker20" ? rows("sameOnce") : [])])(
      "--%s: %j makes what docker create makes",
      async (_name, words) => {
        const [theirs, ours] = await createBoth(words);
        expect([typeof theirs, theirs]).toEqual(["object", theirs]);
        expect(ours).toEqual(theirs);
      },
    );

    // Most of it is the client's own doing.
    test.each(version === "docker20" ? rows("refused") : [])(
      "--%s: %j is refused, as docker create refuses it",
      async (_name, words) => {
        const both = await createBoth(words);
        expect(both.map((one) => typeof one)).toEqual(["string", "string"]);
      },
    );

    /** What the client makes of words and what we do: as inspect shows it, or why it was refused. */
    async function createBoth(words: readonly string[]): Promise<readonly [unknown, unknown]> {
      const theirs = await node(version).tryDocker("create", ...words, "tiny", "/bin/true");
      const first = theirs.status === 0 ? await look(engine, theirs.stdout.trim()) : theirs.stderr;
      return [
        first,
        await attempt(async () => look(engine, await createOurs(engine, parseDockerFlags(words)))),
      ];
    }
  });
}

/** What the client says without having been asked. */
const unasked = {
  AttachStdout: true,
  AttachStderr: true,
  HostConfig: { RestartPolicy: { Name: "no" } },
} as const;

async function createOurs(engine: Engine, { body, ...query }: DockerFlags): Promise<string> {
  const HostConfig = { ...unasked.HostConfig, ...body.HostConfig };
  return (
    await createContainer(
      engine,
      { ...unasked, ...body, HostConfig, Image: "tiny", Cmd: ["/bin/true"] },
      query,
    )
  ).Id;
}

/** Inspects a container and removes it. */
async function look(engine: Engine, id: string): Promise<unknown> {
  const seen = await inspectContainer(engine, id);
  await removeContainer(engine, id, { volumes: true });
  // Engines to come look for the hardware address at the network, so it is there too; this one shows it
  // before it means anything.
  const networks = JSON.parse(JSON.stringify(seen.NetworkSettings), (key, value) =>
    key === "MacAddress" ? "" : value,
  );
  const text = JSON.stringify({ ...seen, NetworkSettings: networks })
    .replaceAll(id, "ID")
    .replaceAll(id.slice(0, 12), "ID")
    .replaceAll(seen.Name, "/NAME");
  return plain(JSON.parse(text.replaceAll(/[0-9a-f]{64}/g, "HASH")));
}

/** What it gives, or the message of its refusal. */
async function attempt(create: () => unknown): Promise<unknown> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof BerthError && error.code !== "internal") return error.message;
    throw error;
  }
}

const ofOneContainer = [
  "Id",
  "Name",
  "Created",
  "ResolvConfPath",
  "HostnamePath",
  "HostsPath",
  "LogPath",
  "GraphDriver",
];
/** Lists without an order of their own: the client has them in Go maps. */
const unordered = ["Aliases", "Binds", "Env", "Links", "Mounts", "Ulimits"];

/** Without what is one container's own, and without the difference between nothing and an empty list. */
function plain(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item));
    return unordered.includes(key)
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const isNothing = (one: unknown) =>
    one === null || (typeof one === "object" && Object.keys(one).length === 0);
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([name, one]) =>
          !ofOneContainer.includes(name) &&
          (!isNothing(one) || ["MaskedPaths", "ReadonlyPaths"].includes(name)),
      )
      .map(([name, one]) => [name, plain(one, name)]),
  );
}

async function prepare({ docker }: Node): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "docker-flags-"));
  await writeFile(join(directory, "file"), "");
  await run("tar", ["-cf", join(directory, "root.tar"), "-C", directory, "file"]);
  await docker(
    "import",
    "--change",
    'HEALTHCHECK CMD ["a"]',
    "--change",
    'ENTRYPOINT ["/b"]',
    join(directory, "root.tar"),
    "tiny",
  );
  await rm(directory, { recursive: true });
  await docker("network", "create", "--subnet=172.30.0.0/24", "--ipv6", "--subnet=2001:db8::/64", "net");
  await docker("volume", "create", "vol");
  await docker("create", "--name=other", "--volume=/shared", "--ipc=shareable", "tiny", "/bin/true");
}

/** The flags in the text of `docker run --help`: `  -m, --memory bytes   Memory limit`. */
function parseHelp(text: string): readonly HelpFlag[] {
  return [...text.matchAll(/^ +(?:-(\w), )?--([a-z0-9-]+)( [a-z0-9-]+)?(?: {2}|$)/gm)].map(
    ([, short, name = "", value]) => ({
      name,
      short,
      hasValue: value !== undefined,
    }),
  );
}

/** Whether a word is this flag, in any of its forms. */
function isOf(word: string, help: readonly HelpFlag[], name: string): boolean {
  const short = help.find((flag) => flag.name === name)?.short;
  return (
    word === `--${name}` ||
    word.startsWith(`--${name}=`) ||
    (short !== undefined && new RegExp(`^-[it]*${short}`).test(word))
  );
}

/** What words become, as text, or what is wrong with them. */
function outcomeOf(...words: readonly string[]): string {
  try {
    return JSON.stringify(parseDockerFlags(words));
  } catch (error) {
    if (hasCode(error, "usage")) return error.message;
    throw error;
  }
}

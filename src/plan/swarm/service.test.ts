import { expect, test } from "bun:test";
import { parse } from "yaml";
import type { ServiceSpec } from "#api/service.ts";
import { parseLoaderLabels } from "#labels/loader/parse.ts";
import { renderLoaderLabels } from "#labels/loader/render.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import { type ObservedSwarm, planDeploy, planServices, selectRoots } from "./deploy.ts";
import { contains, isSameTask, type ServicePlan } from "./service.ts";
import { renderServiceCommand } from "./service-command.ts";
import { renderStack } from "./service-stack.ts";

const full = `
    root: /srv/mailcow
    hostname: mail.example.org
    aliases: [smtp]
    publish: [25, "127.0.0.1:8080:80", "53:53/udp", "1000-1003:2000-2003", "[::1]:993:993"]
    volumes: [/root, "/data,x:/data:ro", vol:/v1]
    environment: {A: "it's \\"x\\", y", B: "two\\nlines", EMPTY: "", PRICE: 5$$}
    command: [/lib/systemd/systemd, "a b,c", "\\\\"]
    capabilities: [SYS_ADMIN, NET_ADMIN]
    memory: 768M
    memory_swap: -1
    shm_size: 1G
    tmpfs: ["/tmp:size=64m", /srv]
    cpus: 1.5
    cpuset_cpus: 0,1
    pids: 99
    ids: 131072
    blkio_weight: 300
    device_read_bps: ["/dev/sda:1k"]
    device_write_iops: ["/dev/sda:9"]
    labels: {team: "mail, web"}
    lxcfs: true
    profile: full
    stop_timeout: 60
`;
const deployed = `
    deploy: {node: one, constraints: [node.role==worker], networks: [app], secrets: [key], configs: [{source: conf, mode: 0400}],
             resources: {limits: {cpus: 0.5}}, log_driver: local, log_options: {a: b$$c}}
`;

function fleetOf(...machines: readonly string[]) {
  const text = `defaults: {image: i}\nmachines:\n${machines.join("")}`;
  return parseMachineFile(text, { fileName: "berth.yaml", environment: {} });
}

function machineOf(text: string): MachineSpec {
  const [machine] = fleetOf(text).machines;
  if (machine === undefined) throw new Error("no machine");
  return machine;
}

function planOf(text: string): ServicePlan {
  const [plan] = planServices([machineOf(text)], "loader:1");
  if (plan === undefined) throw new Error("no plan");
  return plan;
}

const swarm: ObservedSwarm = {
  services: [],
  nodes: ["one", "two"],
  networks: new Map([["app", "net-id"]]),
  secrets: new Map([["key", "key-id"]]),
  configs: new Map([["conf", "conf-id"]]),
};

test("the loader reads from the labels what the machine is", () => {
  const machine = machineOf(`  mail:${full}`);
  const spec = parseLoaderLabels(renderLoaderLabels(machine));
  const {
    name,
    root,
    command,
    volumes,
    publish,
    environment,
    capabilities,
    profile,
    ids,
    hostname,
    cpus,
    cpuset,
    memory,
    memorySwap,
    pids,
  } = machine;
  expect(spec).toMatchObject({
    ...{ machine: name, root, command, volumes, publish, environment, capabilities, profile, ids, hostname },
    ...{ cpus, cpuset, memory, memorySwap, pids, lxcfs: "/var/lib/lxcfs", stopTimeout: 60 },
    tmpfs: { "/tmp": "nosuid,nodev,exec,mode=1777,size=67108864", "/srv": "" },
  });
  expect(spec.flags.body).toMatchObject({
    Labels: { team: "mail, web" },
    HostConfig: {
      ShmSize: 2 ** 30,
      BlkioWeight: 300,
      BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1024 }],
      BlkioDeviceWriteIOps: [{ Path: "/dev/sda", Rate: 9 }],
    },
  });
});

test("a root alone: what is not asked for is not there", () => {
  expect(renderLoaderLabels(machineOf("  mail: {root: /srv/mail}\n"))).toEqual({
    "berth.loader.machine": "mail",
    "berth.loader.root": "/srv/mail",
    "berth.loader.hostname": "mail",
  });
});

test("flags keep their order, since another is a change of the service", () => {
  const flags = "shm_size: 4k, blkio_weight: 300, device_read_bps: ['/dev/sda:1k'], labels: {a: b}";
  expect(renderLoaderLabels(machineOf(`  mail: {root: /srv/mail, ${flags}}\n`))["berth.loader.args"]).toBe(
    "shm-size=4096,blkio-weight=300,device-read-bps=/dev/sda:1024,label=a=b",
  );
});

test("a service is made with ids for names, and left alone once it is there", () => {
  const plan = planOf(`  mail:${full}${deployed}`);
  const [step] = planDeploy([plan], swarm);
  expect(step?.do).toBe("create");
  const body = step?.body as ServiceSpec;
  expect(body.TaskTemplate.Networks).toEqual([{ Target: "net-id", Aliases: ["smtp"] }]);
  expect(body.TaskTemplate.Placement).toEqual({ Constraints: ["node.hostname==one", "node.role==worker"] });
  expect(body.TaskTemplate.ContainerSpec?.Secrets).toEqual([
    { File: { Name: "key", UID: "0", GID: "0", Mode: 0o444 }, SecretID: "key-id", SecretName: "key" },
  ]);
  expect(body.TaskTemplate.ContainerSpec?.Configs?.[0]).toMatchObject({
    File: { Name: "/conf", Mode: 0o400 },
    ConfigID: "conf-id",
  });
  expect(body.TaskTemplate.ContainerSpec?.StopGracePeriod).toBe(70e9);
  expect(body.TaskTemplate.LogDriver).toEqual({ Name: "local", Options: { a: "b$c" } });
  const there = (changes: object = {}) => {
    const spec = { ...structuredClone(body), Endpoint: "more", ...changes };
    return planDeploy([plan], {
      ...swarm,
      services: [{ id: "s", name: "mail", version: 7, labels: plan.labels, spec }],
    });
  };
  expect(there()).toMatchObject([{ do: "keep", service: { id: "s", version: 7 } }]);
  expect(there({ Mode: { Replicated: { Replicas: 0 } } })).toMatchObject([
    { do: "update", service: { id: "s", version: 7 } },
  ]);
  expect(there({ Labels: { ...plan.labels, "berth.spec": "{}" } })).toMatchObject([{ do: "update" }]);
  // A forced update of somebody else's is not undone by one that changes other things.
  const forced = { TaskTemplate: { ...body.TaskTemplate, ForceUpdate: 3 } };
  expect(there(forced)).toMatchObject([{ do: "keep", body: { TaskTemplate: { ForceUpdate: 3 } } }]);
});

test("what the swarm does not have is named, all of it, before anything is done", () => {
  const plan = planOf(
    "  m: {root: /m, deploy: {node: on, networks: [app, nope], secrets: [kye], configs: [conf]}}\n",
  );
  expect(() => planDeploy([plan], swarm)).toThrow(
    expect.objectContaining({
      code: "not-found",
      message: [
        "the swarm has no node on (did you mean one?)",
        "the swarm has no overlay network nope",
        "the swarm has no secret kye (did you mean key?)",
      ].join("\n"),
    }),
  );
  expect(() => planDeploy([planOf("  m: {root: /m, deploy: {networks: [nope]}}\n")], swarm)).toThrow(
    expect.objectContaining({ hint: "create it: docker network create --driver overlay nope" }),
  );
});

test("a service that berth did not make is not touched", () => {
  const services = [{ id: "s", name: "m", version: 1, labels: {}, spec: { Name: "m", TaskTemplate: {} } }];
  expect(() => planDeploy([planOf("  m: {root: /m}\n")], { ...swarm, services })).toThrow(
    expect.objectContaining({ code: "not-ours" }),
  );
});

test.each<[readonly string[], readonly string[] | string]>([
  [[], ["a", "b"]],
  [["b"], ["b"]],
  [["c"], "usage"],
  [["x"], "not-found"],
])("of %j these have roots: %j", (names, expected) => {
  const fleet = fleetOf("  a: {root: /a}\n", "  b: {root: /b}\n", "  c: {}\n");
  const choose = () => selectRoots(fleet, names).map(({ name }) => name);
  if (typeof expected === "string") expect(choose).toThrow(expect.objectContaining({ code: expected }));
  else expect(choose()).toEqual([...expected]);
});

test("a file without a root has nothing for a swarm", () => {
  expect(() => selectRoots(fleetOf("  c: {}\n"), [])).toThrow(expect.objectContaining({ code: "usage" }));
});

test.each([
  [{ a: 1, more: 2 }, { a: 1 }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{}, { a: 0, b: "", c: {} }, true],
  [{}, { a: 1 }, false],
  [{ a: [1, 2] }, { a: [2, 1] }, true],
  [{ a: [1, 2] }, { a: [1] }, false],
  [{ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }, true],
  [undefined, { a: { b: 1 } }, false],
])("%j holds %j: %p", (has, wants, expected) => {
  expect(contains(has, wants)).toBe(expected);
});

test.each([
  ["what an engine fills in of a service alone", { ContainerSpec: { Image: "i" } }, true],
  ["another image", { ContainerSpec: { Image: "j" } }, false],
  [
    "a limit that was dropped since",
    { ContainerSpec: { Image: "i" }, Resources: { Limits: { Pids: 1 } } },
    false,
  ],
  ["another grace period", { ContainerSpec: { Image: "i", StopGracePeriod: 20e9 } }, false],
])("a task differs by %s", (_, task, same) => {
  const template = {
    ContainerSpec: { Image: "i", StopGracePeriod: 10e9 },
    Resources: { Limits: {} },
    ForceUpdate: 0,
    Runtime: "container",
  };
  expect(isSameTask(template, task)).toBe(same);
});

test("the command says each thing once, and its values are words of their own", () => {
  const words = renderServiceCommand(planOf(`  mail:${full}${deployed}`));
  expect(words[0]).toEqual(["docker", "service", "create"]);
  expect(words.at(-1)).toEqual(["loader:1"]);
  expect(words).toContainEqual(["--network", "name=app,alias=smtp"]);
  expect(words).toContainEqual(["--config", "source=conf,target=/conf,uid=0,gid=0,mode=0400"]);
  expect(words).toContainEqual(["--container-label", "berth.loader.environment.B=two\nlines"]);
  expect(
    words
      .slice(1, -1)
      .every(
        ([flag, value, ...rest]) => flag?.startsWith("--") && (value ?? "x") !== "" && rest.length === 0,
      ),
  ).toBe(true);
});

test("the stack file keeps every value, dollar signs too", () => {
  const plan = planOf(`  mail:${full}${deployed}`);
  const stack = parse(renderStack([plan, planOf("  other: {root: /o, deploy: {networks: [app]}}\n")])) as {
    readonly services: Readonly<
      Record<string, { readonly labels: Readonly<Record<string, string>>; readonly secrets?: unknown }>
    >;
    readonly networks: unknown;
  };
  expect(stack.networks).toEqual({ app: { external: true, name: "app" } });
  const labels = Object.entries(stack.services.mail?.labels ?? {}).map(([name, value]) => [
    name,
    value.replaceAll("$$", "$"),
  ]);
  expect(Object.fromEntries(labels)).toEqual(plan.containerLabels);
  expect(stack.services.mail?.labels["berth.loader.environment.PRICE"]).toBe("5$$");
  expect(stack.services.other?.secrets).toBeUndefined();
});

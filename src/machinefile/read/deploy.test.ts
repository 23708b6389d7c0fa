import { expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import type { DeploySpec } from "./deploy.ts";
import { parseMachineFile } from "./machine-file.ts";

function machineOf(text: string): MachineSpec {
  const [machine] = parseMachineFile(text, { fileName: "berth.yaml", environment: {} }).machines;
  if (machine === undefined) throw new Error("a fleet without machines");
  return machine;
}

function faults(text: string): readonly string[] {
  try {
    parseMachineFile(text, { fileName: "f", environment: {} });
  } catch (error) {
    if (hasCode(error, "file-invalid"))
      return error.message.split("\n").map((line) => line.replace(/^f:/, ""));
    throw error;
  }
  return [];
}

const plain: DeploySpec = {
  constraints: [],
  networks: [],
  endpointMode: "dnsrr",
  replicas: 1,
  restart: { condition: "any", delay: 5, maxAttempts: 0, window: 0 },
  update: { delay: 0, failureAction: "pause", monitor: 5 },
  rollback: { delay: 0, failureAction: "pause", monitor: 5 },
  limits: {},
  reservations: {},
  secrets: [],
  configs: [],
  stopGracePeriod: 100,
  logOptions: {},
};

test("a root alone is a whole machine; an image of the defaults is not its", () => {
  const machine = machineOf(
    "defaults: {image: debian-12, depends_on: [mail]}\nmachines: {mail: {root: /srv//mailcow/}}",
  );
  expect(machine).toMatchObject({ name: "mail", image: "", root: "/srv/mailcow", dependsOn: [] });
  expect(machine.deploy).toEqual(plain);
});

test("everything may be written", () => {
  const { deploy } = machineOf(`
machines:
  mail:
    root: /srv/mailcow
    stop_timeout: 60
    deploy:
      node: server1
      constraints: [node.labels.disk==ssd, "engine.labels.os != windows"]
      networks: [app, app, back.end]
      endpoint_mode: vip
      replicas: 0
      restart: {condition: on-failure, delay: 10s, max_attempts: 3, window: 2m}
      update: {order: stop-first, delay: 1m, failure_action: rollback, monitor: 20}
      rollback: {failure_action: continue}
      resources: {limits: {cpus: 0.5, memory: 64m, pids: 100}, reservations: {memory: 1g}}
      secrets: [key, {source: key, target: tls.key, uid: 101, gid: 0102, mode: 0440}]
      configs: [conf, {source: conf, target: /etc/app.conf, mode: "0o600"}, {source: conf, target: x, mode: 755}]
      log_driver: journald
      log_options: {tag: mail, max-file: 3, compress: true}
      image: host:5000/loader:1
`);
  expect(deploy).toEqual({
    node: "server1",
    image: "host:5000/loader:1",
    constraints: ["node.labels.disk==ssd", "engine.labels.os != windows"],
    networks: ["app", "back.end"],
    endpointMode: "vip",
    replicas: 0,
    restart: { condition: "on-failure", delay: 10, maxAttempts: 3, window: 120 },
    update: { delay: 60, failureAction: "rollback", monitor: 20 },
    rollback: { delay: 0, failureAction: "continue", monitor: 5 },
    limits: { cpus: 0.5, memory: 2 ** 26, pids: 100 },
    reservations: { memory: 2 ** 30 },
    secrets: [
      { source: "key", target: "key", uid: "0", gid: "0", mode: 0o444 },
      { source: "key", target: "tls.key", uid: "101", gid: "102", mode: 0o440 },
    ],
    configs: [
      { source: "conf", target: "/conf", uid: "0", gid: "0", mode: 0o444 },
      { source: "conf", target: "/etc/app.conf", uid: "0", gid: "0", mode: 0o600 },
      { source: "conf", target: "x", uid: "0", gid: "0", mode: 0o755 },
    ],
    logDriver: "journald",
    logOptions: { tag: "mail", "max-file": "3", compress: "true" },
    stopGracePeriod: 70,
  });
});

test("every problem is found, at its place", () => {
  expect(
    faults(`defaults: {root: /x, image: i}
machines:
  a: {deploy: {node: n}}
  b: {root: srv/x}
  c: {root: /}
  d: {root: /a/../b, restart: always, address: 172.31.0.9, image: x, depends_on: [a]}
  e: {root: "/a:b", publish: [0:80, 5/sctp, 80, 80], volumes: [./x:/x, v1:/y], command: [init]}
  f: {depends_on: [e]}
  g:
    root: /g
    deploy:
      nodes: x
      constraints: [x, node.role==manager]
      networks: app
      endpoint_mode: rr
      replicas: 2
      restart: {condition: always, delay: 5x, max_attempts: -1, windows: 3}
      update: {order: start-first, failure_action: stop}
      rollback: {failure_action: rollback}
      resources: {limits: {memroy: 1g, cpus: 0}, reservation: {}, reservations: 3}
      secrets: [k/, k2, k2, {target: x}, {source: k3, mode: 999, uid: root}, 5]
      configs: {}
      log_options: {a: [b]}
      stop_grace_period: long
      image: ""
  h: {root: /h, deploy: {log_options: {a: b}}}
`),
  ).toEqual([
    "1:12 defaults.root: belongs to one machine and cannot be a default",
    "3:7 machines.a.deploy: deploy needs root: a machine of an image is run by `berth up`",
    '4:13 machines.b.root: "srv/x" is not an absolute path; a root is a folder of its node',
    "5:13 machines.c.root: the host's own root cannot be a machine's",
    '6:13 machines.d.root: "/a/../b": write a root without ".."',
    "6:22 machines.d.restart: the swarm starts the machine again; write deploy.restart",
    "6:39 machines.d.address: a swarm gives addresses itself; other machines find this one by its name",
    "6:60 machines.d.image: root and image exclude each other: the machine is what is in the folder",
    "6:70 machines.d.depends_on: a swarm knows no order among services",
    '7:13 machines.e.root: "/a:b": the path of a root holds no colon, comma, quote or line end',
    "7:31 machines.e.publish[0]: a machine with a root is published on ports that are named, not chosen",
    "7:37 machines.e.publish[1]: a machine with a root is published by tcp and udp alone",
    "7:49 machines.e.publish[3]: the host's port 80/tcp is published twice",
    "7:64 machines.e.volumes[0]: ./x is relative; a machine with a root has paths of its node, which are absolute",
    "7:80 machines.e.command: the init of a machine with a root is an absolute path, such as /sbin/init",
    "8:20 machines.f.depends_on[0]: e has a root and is run by `berth deploy`",
    '12:7 machines.g.deploy.nodes: unknown key; did you mean "node"?',
    '13:21 machines.g.deploy.constraints[0]: "x" is not a constraint; write such as node.labels.disk==ssd or node.role!=manager',
    '14:17 machines.g.deploy.networks: expected a list of networks, not "app"',
    '15:22 machines.g.deploy.endpoint_mode: "rr" is not known; write one of dnsrr, vip',
    "16:17 machines.g.deploy.replicas: 2 machines cannot run on one root; write 0 or 1",
    '17:28 machines.g.deploy.restart.condition: "always" is not known; write one of any, on-failure, none',
    '17:43 machines.g.deploy.restart.delay: "5x" is not a time; write seconds, or such as 90s or 1m30s',
    '17:61 machines.g.deploy.restart.max_attempts: "-1" is not a number of attempts; write a whole number, 0 for no end',
    '17:65 machines.g.deploy.restart.windows: unknown key; did you mean "window"?',
    "18:23 machines.g.deploy.update.order: a root takes one machine at a time, so the old one stops first; write stop-first",
    '18:52 machines.g.deploy.update.failure_action: "stop" is not known; write one of pause, continue, rollback',
    '19:34 machines.g.deploy.rollback.failure_action: "rollback" is not known; write one of pause, continue',
    '20:28 machines.g.deploy.resources.limits.memroy: unknown key; did you mean "memory"?',
    "20:46 machines.g.deploy.resources.limits.cpus: 0 processors are too few; an engine wants 0.01 or more",
    '20:50 machines.g.deploy.resources.reservation: unknown key; did you mean "reservations"?',
    "20:81 machines.g.deploy.resources.reservations: expected a map, not 3",
    '21:17 machines.g.deploy.secrets[0]: "k/" is not the name of a secret or config; use letters, digits and, between them, "-", "_" and "."',
    "21:25 machines.g.deploy.secrets[2]: k2 is already another's file",
    "21:29 machines.g.deploy.secrets[3]: source is missing",
    '21:61 machines.g.deploy.secrets[4].mode: "999" are not permission bits; write such as "0440"',
    "21:71 machines.g.deploy.secrets[4].uid: \"root\" is not a user's or group's number",
    "21:78 machines.g.deploy.secrets[5]: expected a name, or a map with source, not 5",
    "22:7 machines.g.deploy.configs: expected a list of names, or of maps with source, not a map",
    "23:21 machines.g.deploy.log_options.a: expected text, not a list",
    '24:26 machines.g.deploy.stop_grace_period: "long" is not a time; write seconds, or such as 90s or 1m30s',
    '25:14 machines.g.deploy.image: "" is not an image; write such as debian-12 or host:5000/name:tag',
    "26:26 machines.h.deploy.log_options: log_options needs log_driver as well",
  ]);
});

import { expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import type { DeploySpec } from "#machinefile/deploy.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
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
  d: {root: /a/../b, restart: always, address: 10.72.0.9, image: x, depends_on: [a]}
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
    "3:7 machines.a.deploy: deploy without root (example: root: /srv/mailcow); `berth up` runs machines of images",
    '4:13 machines.b.root: invalid root "srv/x" (example: /srv/mailcow; an absolute path of its node)',
    '5:13 machines.c.root: invalid root "/" (example: /srv/mailcow; not the host\'s own root)',
    '6:13 machines.d.root: invalid root "/a/../b" (example: /srv/mailcow; a path without "..")',
    "6:22 machines.d.restart: the swarm starts the machine again; write deploy.restart",
    "6:39 machines.d.address: a swarm gives addresses itself; other machines find this one by its name",
    "6:59 machines.d.image: root and image exclude each other: the root's folder holds the machine",
    "6:69 machines.d.depends_on: a swarm knows no order among services",
    '7:13 machines.e.root: invalid root "/a:b" (example: /srv/mailcow; no NUL, colon, comma, quote or line end)',
    "7:31 machines.e.publish[0]: host port 0 with a root (example: 8080:80; clients must know the port)",
    "7:37 machines.e.publish[1]: sctp with a root (example: 53:53/udp; tcp or udp)",
    "7:49 machines.e.publish[3]: duplicate host port 80/tcp",
    "7:64 machines.e.volumes[0]: relative path ./x with a root (example: /srv/data:/data; an absolute path of its node)",
    "7:80 machines.e.command: relative init with a root (example: /sbin/init; an absolute path)",
    "8:20 machines.f.depends_on[0]: e has a root: `berth deploy` runs it, and a swarm knows no order",
    '12:7 machines.g.deploy.nodes: unknown key; did you mean "node"?',
    '13:21 machines.g.deploy.constraints[0]: invalid constraint "x" (example: node.labels.disk==ssd or node.role!=manager)',
    '14:17 machines.g.deploy.networks: expected a list of networks, not "app"',
    '15:22 machines.g.deploy.endpoint_mode: invalid value "rr" (one of: dnsrr, vip)',
    '16:17 machines.g.deploy.replicas: invalid number of machines "2" (0 or 1: a root takes one at a time)',
    '17:28 machines.g.deploy.restart.condition: invalid value "always" (one of: any, on-failure, none)',
    '17:43 machines.g.deploy.restart.delay: invalid time "5x" (example: 90 or 1m30s)',
    '17:61 machines.g.deploy.restart.max_attempts: invalid number of attempts "-1" (example: 3; 0 is without end)',
    '17:65 machines.g.deploy.restart.windows: unknown key; did you mean "window"?',
    '18:23 machines.g.deploy.update.order: invalid order "start-first" (stop-first: a root takes one machine at a time)',
    '18:52 machines.g.deploy.update.failure_action: invalid value "stop" (one of: pause, continue, rollback)',
    '19:34 machines.g.deploy.rollback.failure_action: invalid value "rollback" (one of: pause, continue)',
    '20:28 machines.g.deploy.resources.limits.memroy: unknown key; did you mean "memory"?',
    '20:46 machines.g.deploy.resources.limits.cpus: invalid number of CPUs "0" (example: 1.5; 0.01 to 65536)',
    '20:50 machines.g.deploy.resources.reservation: unknown key; did you mean "reservations"?',
    "20:81 machines.g.deploy.resources.reservations: expected a map, not 3",
    '21:17 machines.g.deploy.secrets[0]: invalid name "k/" (example: tls-key; letters, digits and, between them, "-", "_" and ".")',
    "21:25 machines.g.deploy.secrets[2]: duplicate file k2",
    "21:29 machines.g.deploy.secrets[3]: missing source (example: {source: tls-key})",
    '21:61 machines.g.deploy.secrets[4].mode: invalid permission bits "999" (example: "0440")',
    '21:71 machines.g.deploy.secrets[4].uid: invalid user or group id "root" (example: 101)',
    "21:78 machines.g.deploy.secrets[5]: expected a name, or a map with source, not 5 (example: tls-key)",
    "22:7 machines.g.deploy.configs: expected a list of names, or of maps with source, not a map",
    "23:21 machines.g.deploy.log_options.a: expected text, not a list",
    '24:26 machines.g.deploy.stop_grace_period: invalid time "long" (example: 90 or 1m30s)',
    '25:14 machines.g.deploy.image: invalid image "" (example: debian-12 or host:5000/name:tag)',
    "26:26 machines.h.deploy.log_options: log_options without log_driver (example: log_driver: journald)",
  ]);
});

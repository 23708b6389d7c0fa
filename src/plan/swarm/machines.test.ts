import { expect, test } from "bun:test";
import type { SwarmNode } from "#api/node.ts";
import type { Service } from "#api/service.ts";
import type { Task, TaskState } from "#api/task.ts";
import { chooseSwarmMachine, swarmMachines } from "./machines.ts";

const time = "2026-01-01T00:00:00Z";

function service(name: string, labels: Readonly<Record<string, string>>): Service {
  const ContainerSpec = { Image: "loader", Labels: labels };
  return {
    ID: `id-${name}`,
    Version: { Index: 1 },
    CreatedAt: time,
    UpdatedAt: time,
    Spec: { Name: name, TaskTemplate: { ContainerSpec } },
  };
}

function task(id: string, of: string, state: TaskState, wanted: TaskState, day = "01"): Task {
  return {
    ID: id,
    CreatedAt: `2026-01-${day}T00:00:00Z`,
    ServiceID: `id-${of}`,
    NodeID: "n1",
    Spec: {},
    DesiredState: wanted,
    Status: { Timestamp: time, State: state, ContainerStatus: { ContainerID: "c1" } },
  };
}

const nodes: readonly SwarmNode[] = [
  { ID: "n1", Spec: {}, Description: { Hostname: "one" }, Status: { State: "ready", Addr: "10.0.0.1" } },
];
const root = { "berth.loader.root": "/srv/mail" };
const ids = (tasks: readonly Task[], services = [service("mail", root)]) =>
  swarmMachines(services, tasks, nodes).map((machine) => [machine.name, machine.task?.id]);

test("a machine of a swarm with its task and node", () => {
  const labels = { ...root, "berth.loader.machine": "post" };
  const tasks = [task("t", "mail", "running", "running")];
  expect(swarmMachines([service("mail", labels)], tasks, nodes)).toEqual([
    {
      name: "post",
      service: { id: "id-mail", name: "mail", tty: false },
      root: "/srv/mail",
      task: {
        id: "t",
        state: "running",
        error: "",
        since: time,
        node: { id: "n1", name: "one", address: "10.0.0.1", state: "ready" },
        container: "c1",
      },
    },
  ]);
});

test.each<[string, readonly Task[], (string | undefined)[]]>([
  ["nothing", [], [undefined]],
  [
    "the last that ran",
    [task("a", "mail", "failed", "shutdown", "01"), task("b", "mail", "failed", "shutdown", "02")],
    ["b"],
  ],
  [
    "what is meant to run",
    [task("a", "mail", "failed", "shutdown", "03"), task("b", "mail", "pending", "running")],
    ["b"],
  ],
  [
    "what is to follow, too",
    [task("a", "mail", "running", "running"), task("b", "mail", "ready", "ready")],
    ["a", "b"],
  ],
  ["none of another service", [task("a", "other", "running", "running")], [undefined]],
])("of the tasks of a service counts %s", (_name, tasks, expected) => {
  expect(ids(tasks)).toEqual(expected.map((id) => ["mail", id]));
});

test("services of others are no machines, and machines are in order", () => {
  expect(ids([], [service("web", { a: "b" }), service("b", root), service("a", root)])).toEqual([
    ["a", undefined],
    ["b", undefined],
  ]);
});

test("a machine is found by its name or its service's, one that runs first", () => {
  const services = [service("old", { ...root, "berth.loader.machine": "mail" }), service("mail", root)];
  const machines = swarmMachines(services, [task("t", "mail", "running", "running")], nodes);
  expect(chooseSwarmMachine(machines, "mail")?.service.name).toBe("mail");
  expect(chooseSwarmMachine(machines, "old")?.name).toBe("mail");
  expect(chooseSwarmMachine(machines, "web")).toBeUndefined();
});

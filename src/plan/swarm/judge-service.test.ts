import { expect, test } from "bun:test";
import type { Service } from "#api/service.ts";
import type { Task, TaskState } from "#api/task.ts";
import { judgeService } from "./judge-service.ts";
import { taskFailure } from "./task-failure.ts";

const template = { ContainerSpec: { Image: "loader:1" } };

function service(replicas: number, update?: Service["UpdateStatus"]): Service {
  return {
    ID: "s",
    Version: { Index: 7 },
    CreatedAt: "2026-01-01T00:00:00Z",
    UpdatedAt: "2026-01-01T00:00:00Z",
    Spec: { Name: "mail", TaskTemplate: template, Mode: { Replicated: { Replicas: replicas } } },
    ...(update !== undefined && { UpdateStatus: update }),
  };
}

function task(id: string, state: TaskState, wanted: TaskState, image = "loader:1"): Task {
  return {
    ID: id,
    CreatedAt: "2026-01-01T00:00:00Z",
    ServiceID: "s",
    NodeID: "n1",
    Spec: { ContainerSpec: { Image: image } },
    DesiredState: wanted,
    Status: { Timestamp: "2026-01-01T00:00:00Z", State: state, Err: `err ${id}` },
  };
}

const running = { deployed: { state: "running", node: "n1" } };
const paused = { State: "paused", Message: "task failed" } as const;
const back = { State: "rollback_completed", Message: "went back" } as const;

test.each<[string, Service, readonly Task[], boolean, object]>([
  ["runs", service(1), [task("a", "running", "running")], false, running],
  [
    "of an older specification alone",
    service(1),
    [task("a", "running", "running", "loader:0")],
    true,
    { state: "deploying", detail: "" },
  ],
  [
    "that runs and is to stop",
    service(1),
    [task("a", "running", "shutdown")],
    true,
    { state: "preparing", detail: "err a" },
  ],
  [
    "being started",
    service(1),
    [task("a", "starting", "running")],
    false,
    { state: "starting", detail: "err a" },
  ],
  [
    "that waits for a node",
    service(1),
    [task("a", "pending", "running")],
    false,
    { state: "preparing", detail: "err a" },
  ],
  [
    "that failed before",
    service(1),
    [task("old", "failed", "shutdown")],
    false,
    { state: "deploying", detail: "" },
  ],
  [
    "that failed, though another runs",
    service(1),
    [task("a", "failed", "shutdown"), task("b", "running", "running")],
    false,
    running,
  ],
  [
    "that ended well by itself",
    service(1),
    [task("a", "complete", "shutdown")],
    false,
    { failed: task("a", "complete", "shutdown") },
  ],
  [
    "that the swarm removes",
    service(1),
    [task("a", "complete", "remove")],
    false,
    { state: "deploying", detail: "" },
  ],
  [
    "that no node takes",
    service(1),
    [task("a", "rejected", "shutdown")],
    true,
    { failed: task("a", "rejected", "shutdown") },
  ],
  ["in a paused update", service(1, paused), [], true, { broken: "swarm update state paused: task failed" }],
  [
    "in an update that went back",
    service(1, back),
    [],
    true,
    { broken: "swarm update state rollback_completed: went back" },
  ],
  ["that was put back", service(1, back), [task("a", "running", "running")], false, running],
  [
    "of no replicas that still stops",
    service(0),
    [task("a", "running", "shutdown")],
    true,
    { state: "deploying", detail: "stopping" },
  ],
  [
    "of no replicas that has stopped",
    service(0),
    [task("a", "shutdown", "shutdown"), task("b", "failed", "shutdown")],
    true,
    { deployed: { state: "stopped", node: undefined } },
  ],
])("a service %s", (_name, given, tasks, updated, expected) => {
  expect(judgeService(given, tasks, { before: new Set(["old"]), updated }) as object).toEqual(expected);
});

const hintOfRestart =
  "the swarm restarts it according to deploy.restart; look closer: berth logs mail, docker service ps --no-trunc mail";

test.each<[Task["Status"], readonly string[], string, string]>([
  [
    { Timestamp: "", State: "failed", Err: "task: non-zero exit (3)", ContainerStatus: { ExitCode: 3 } },
    ["one", "two"],
    "mail failed, status 3: task: non-zero exit (3)\none\ntwo",
    hintOfRestart,
  ],
  [{ Timestamp: "", State: "complete", Message: "finished" }, [], "mail complete: finished", hintOfRestart],
  [
    { Timestamp: "", State: "rejected" },
    [],
    "mail rejected: the swarm gives no reason",
    "check that its node has the loader's image (berth loader image); look closer: berth logs mail, docker service ps --no-trunc mail",
  ],
])("a failed task in the state %j", (status, log, message, hint) => {
  const failure = taskFailure("mail", { ...task("a", "failed", "shutdown"), Status: status }, log);
  expect(failure).toMatchObject({
    code: "boot-failed",
    message,
    hint,
    details: { task: "a", node: "n1", log },
  });
});

import type { SwarmNode } from "#api/node.ts";
import type { Service } from "#api/service.ts";
import type { Task, TaskState } from "#api/task.ts";
import { asksForLoader, labelOf } from "#labels/loader/labels.ts";

/** A machine that a swarm runs, or should run: one task of its service. */
export interface SwarmMachine {
  /** The machine's name, which is its service's unless a label says otherwise. */
  readonly name: string;
  readonly service: { readonly id: string; readonly name: string; readonly tty: boolean };
  /** The folder that is its root, as the label names it. */
  readonly root: string | undefined;
  /** Undefined where the service has no task. */
  readonly task: SwarmTask | undefined;
}

export interface SwarmTask {
  readonly id: string;
  readonly state: TaskState;
  /** The task's error, empty without one. */
  readonly error: string;
  /** When it came into that state, RFC 3339. */
  readonly since: string;
  /** Undefined until a node is found. */
  readonly node:
    | {
        readonly id: string;
        readonly name: string;
        readonly address: string | undefined;
        readonly state: string;
      }
    | undefined;
  /** The loader's container. */
  readonly container: string | undefined;
}

/**
 * The machines among the services of a swarm, by name: one for each task that is meant to run, and one for a
 * service without.
 */
export function swarmMachines(
  services: readonly Service[],
  tasks: readonly Task[],
  nodes: readonly SwarmNode[],
): readonly SwarmMachine[] {
  const byId = new Map(nodes.map((node) => [node.ID, node]));
  return services
    .filter(({ Spec }) => asksForLoader(labelsOf(Spec)))
    .flatMap((service) => {
      const own = currentTasks(tasks.filter(({ ServiceID }) => ServiceID === service.ID));
      return (own.length > 0 ? own : [undefined]).map((task) => machineOf(service, task, byId));
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The machine of that name, or of a service of that name: one that runs before others. */
export function chooseSwarmMachine(
  machines: readonly SwarmMachine[],
  name: string,
): SwarmMachine | undefined {
  const found = machines.filter((machine) => machine.name === name || machine.service.name === name);
  return found.find(({ task }) => task?.state === "running") ?? found[0];
}

/** What is meant to run; where nothing is, what ran last. */
function currentTasks(tasks: readonly Task[]): readonly Task[] {
  const wanted = tasks.filter(({ DesiredState }) => DesiredState === "running" || DesiredState === "ready");
  if (wanted.length > 0) return wanted;
  return tasks.toSorted((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1)).slice(0, 1);
}

function machineOf(
  { ID, Spec }: Service,
  task: Task | undefined,
  nodes: ReadonlyMap<string, SwarmNode>,
): SwarmMachine {
  const labels = labelsOf(Spec);
  return {
    name: labelOf(labels, "machine") ?? Spec.Name,
    service: { id: ID, name: Spec.Name, tty: Spec.TaskTemplate.ContainerSpec?.TTY ?? false },
    root: labelOf(labels, "root"),
    task: task && taskOf(task, nodes),
  };
}

function taskOf({ ID, NodeID, Status }: Task, nodes: ReadonlyMap<string, SwarmNode>): SwarmTask {
  const node = NodeID === undefined ? undefined : nodes.get(NodeID);
  return {
    id: ID,
    state: Status.State,
    error: Status.Err ?? "",
    since: Status.Timestamp,
    node:
      node === undefined
        ? undefined
        : {
            id: node.ID,
            name: node.Description.Hostname,
            address: node.Status.Addr || undefined,
            state: node.Status.State,
          },
    container: Status.ContainerStatus?.ContainerID || undefined,
  };
}

function labelsOf(spec: Service["Spec"]): Readonly<Record<string, string>> {
  return spec.TaskTemplate.ContainerSpec?.Labels ?? {};
}

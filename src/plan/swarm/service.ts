import type { ServiceAmounts, ServiceSpec, SwarmFile, TaskSpec, UpdateConfig } from "#api/service.ts";
import { BerthError } from "#errors.ts";
import { renderLoaderLabels } from "#labels/loader/render.ts";
import { label, renderSpecLabel } from "#labels/machine.ts";
import type { DeploySpec, MountedFile, ServiceResources, ServiceUpdate } from "#machinefile/deploy.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";

/**
 * A machine as a service of a swarm, everything by its name. All that makes a service of it starts from here.
 */
export interface ServicePlan {
  /** The service's name, which is the machine's. */
  readonly name: string;
  readonly image: string;
  readonly deploy: DeploySpec;
  readonly aliases: readonly string[];
  readonly constraints: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly containerLabels: Readonly<Record<string, string>>;
}

/** Where the engine listens on a node, and where the loader finds it. */
export const engineSocket = "/var/run/docker.sock";

/** Plans the service of a machine that has a root. `image` is the loader's where the machine names none. */
export function planService(machine: MachineSpec, image: string): ServicePlan {
  const { deploy, name } = machine;
  if (deploy === undefined) throw new BerthError("internal", `missing root of ${name}`);
  const placed = deploy.node === undefined ? [] : [`node.hostname==${deploy.node}`];
  return {
    name,
    image: deploy.image ?? image,
    deploy,
    aliases: [...new Set(machine.aliases)],
    constraints: [...placed, ...deploy.constraints],
    labels: { [label.machine]: name, [label.spec]: renderSpecLabel(machine) },
    containerLabels: renderLoaderLabels(machine),
  };
}

/** The ids of what a service names. */
export interface ServiceIds {
  readonly networks: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly configs: ReadonlyMap<string, string>;
}

/**
 * The body of the Engine API's POST /services/create; of an update, too, with `forceUpdate` as the service
 * has it.
 */
export function renderService(plan: ServicePlan, ids: ServiceIds, forceUpdate = 0): ServiceSpec {
  const { deploy } = plan;
  return {
    Name: plan.name,
    Labels: plan.labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: plan.image,
        Labels: plan.containerLabels,
        Init: false,
        Mounts: [{ Type: "bind", Source: engineSocket, Target: engineSocket }],
        StopGracePeriod: nanoseconds(deploy.stopGracePeriod),
        ...list(
          "Secrets",
          deploy.secrets.map((file) => ({
            File: fileOf(file),
            SecretID: idOf(ids.secrets, file.source),
            SecretName: file.source,
          })),
        ),
        ...list(
          "Configs",
          deploy.configs.map((file) => ({
            File: fileOf(file),
            ConfigID: idOf(ids.configs, file.source),
            ConfigName: file.source,
          })),
        ),
      },
      Resources: { Limits: amounts(deploy.limits), Reservations: amounts(deploy.reservations) },
      RestartPolicy: {
        Condition: deploy.restart.condition,
        Delay: nanoseconds(deploy.restart.delay),
        MaxAttempts: deploy.restart.maxAttempts,
        ...(deploy.restart.window === 0 ? {} : { Window: nanoseconds(deploy.restart.window) }),
      },
      Placement: list("Constraints", plan.constraints),
      ...list(
        "Networks",
        deploy.networks.map((name) => ({
          Target: idOf(ids.networks, name),
          ...list("Aliases", plan.aliases),
        })),
      ),
      ...(deploy.logDriver === undefined
        ? {}
        : { LogDriver: { Name: deploy.logDriver, ...logOptions(deploy) } }),
      ForceUpdate: forceUpdate,
    },
    Mode: { Replicated: { Replicas: deploy.replicas } },
    UpdateConfig: updateOf(deploy.update),
    RollbackConfig: updateOf(deploy.rollback),
    EndpointSpec: { Mode: deploy.endpointMode },
  };
}

/**
 * Whether everything that is wanted is there as it is wanted; what else is there, such as the engine's
 * defaults, does not count. Of lists nothing else may be there, and their order means nothing: docker itself
 * shuffles files.
 */
export function contains(has: unknown, wants: unknown): boolean {
  if (Array.isArray(wants)) {
    return (
      Array.isArray(has) &&
      has.length === wants.length &&
      wants.every((item) => has.some((other) => contains(other, item)))
    );
  }
  // An engine leaves out what is empty.
  if (typeof wants !== "object" || wants === null) return has === wants || (has === undefined && !wants);
  const there: Readonly<Record<string, unknown>> = typeof has === "object" && has !== null ? { ...has } : {};
  return Object.entries(wants).every(([key, value]) => contains(there[key], value));
}

/** An engine fills in this and the runtime when it shows a service, but not when it shows a task. */
const usualGracePeriod = nanoseconds(10);

/**
 * Whether a task was made from a service's template as it is now: neither has anything that the other has
 * not.
 */
export function isSameTask(template: TaskSpec, task: TaskSpec): boolean {
  const [wants, has] = [template, task].map(({ Runtime: _, ContainerSpec, ...rest }) => ({
    ...rest,
    ContainerSpec: { ...ContainerSpec, StopGracePeriod: ContainerSpec?.StopGracePeriod ?? usualGracePeriod },
  }));
  return contains(has, wants) && contains(wants, has);
}

function idOf(ids: ReadonlyMap<string, string>, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new BerthError("internal", `missing id of ${name}`);
  return id;
}

function fileOf({ target, uid, gid, mode }: MountedFile): SwarmFile {
  return { Name: target, UID: uid, GID: gid, Mode: mode };
}

function amounts({ cpus, memory, pids }: ServiceResources): ServiceAmounts {
  return omitUndefined({
    NanoCPUs: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    MemoryBytes: memory,
    Pids: pids,
  });
}

function updateOf({ delay, failureAction, monitor }: ServiceUpdate): UpdateConfig {
  return {
    Parallelism: 1,
    ...(delay === 0 ? {} : { Delay: nanoseconds(delay) }),
    FailureAction: failureAction,
    Monitor: nanoseconds(monitor),
    MaxFailureRatio: 0,
    Order: "stop-first",
  };
}

function logOptions({ logOptions: options }: DeploySpec): TaskSpec["LogDriver"] {
  return Object.keys(options).length === 0 ? {} : { Options: options };
}

/** Under its key, or nothing when it is empty. */
function list<K extends string, T>(key: K, items: readonly T[]): { readonly [P in K]?: readonly T[] } {
  return items.length === 0 ? {} : ({ [key]: items } as { readonly [P in K]: readonly T[] });
}

function nanoseconds(seconds: number): number {
  return seconds * 1e9;
}

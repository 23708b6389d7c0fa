import type { ServiceSpec } from "#api/service.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";
import { machinesByName } from "#plan/machine/known-names.ts";
import { suggest } from "#suggest.ts";
import { contains, planService, renderService, type ServiceIds, type ServicePlan } from "./service.ts";

/** What a swarm has, as far as `deploy` cares. */
export interface ObservedSwarm extends ServiceIds {
  readonly services: readonly ObservedService[];
  /** Host names of its nodes. */
  readonly nodes: readonly string[];
}

export interface ObservedService {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: ServiceSpec;
}

export type DeployStep =
  | { readonly do: "create"; readonly name: string; readonly body: ServiceSpec }
  | {
      readonly do: "update" | "keep";
      readonly name: string;
      /** As it is now. */
      readonly service: ObservedService;
      readonly body: ServiceSpec;
    };

/**
 * The machines that `deploy` works on: the named ones, else all that have a root. Throws `not-found` and
 * `usage`.
 */
export function selectRoots(fleet: Fleet, names: readonly string[]): readonly MachineSpec[] {
  const byName = machinesByName(fleet, names);
  const local = names.filter((name) => byName.get(name)?.root === undefined);
  if (local.length > 0) {
    throw new BerthError(
      "usage",
      `${local.join(", ")}: only a machine with a \`root\` can be a swarm service`,
      {
        hint: `run it with \`berth up ${local[0]}\``,
      },
    );
  }
  const chosen = fleet.machines.filter(({ name, root }) =>
    names.length > 0 ? names.includes(name) : root !== undefined,
  );
  if (chosen.length === 0) {
    throw new BerthError("usage", "the file lacks a machine for a swarm", {
      hint: "set `root` of a machine to a folder of a node: see `berth help deploy`",
    });
  }
  return chosen;
}

/** The services that run these machines. */
export function planServices(machines: readonly MachineSpec[], image: string): readonly ServicePlan[] {
  return machines.map((machine) => planService(machine, image));
}

/**
 * What `deploy` has to do so that the swarm has these services. Throws before anything is done: `not-ours`
 * for a service of this name that berth did not make, `not-found` for nodes, networks, secrets and configs
 * that the swarm does not have.
 */
export function planDeploy(plans: readonly ServicePlan[], observed: ObservedSwarm): readonly DeployStep[] {
  checkNames(plans, observed);
  const byName = new Map(observed.services.map((service) => [service.name, service]));
  return plans.map((plan): DeployStep => {
    const { name } = plan;
    const service = byName.get(name);
    if (service === undefined) return { do: "create", name, body: renderService(plan, observed) };
    if (service.labels[label.machine] !== name) {
      throw new BerthError("not-ours", `the service ${name} exists, not created by berth`, {
        hint: "choose another name for the machine, or remove that service",
      });
    }
    const body = renderService(plan, observed, service.spec.TaskTemplate.ForceUpdate ?? 0);
    return { do: contains(service.spec, body) ? "keep" : "update", name, service, body };
  });
}

function checkNames(
  plans: readonly ServicePlan[],
  { nodes, networks, secrets, configs }: ObservedSwarm,
): void {
  const kinds: readonly [string, Iterable<string>, (plan: ServicePlan) => readonly string[], string][] = [
    [
      "node",
      nodes,
      ({ deploy }) => (deploy.node === undefined ? [] : [deploy.node]),
      "`docker node ls` shows the swarm's nodes",
    ],
    [
      "overlay network",
      networks.keys(),
      ({ deploy }) => deploy.networks,
      "create it: docker network create --driver overlay",
    ],
    [
      "secret",
      secrets.keys(),
      ({ deploy }) => deploy.secrets.map(({ source }) => source),
      "create it: docker secret create",
    ],
    [
      "config",
      configs.keys(),
      ({ deploy }) => deploy.configs.map(({ source }) => source),
      "create it: docker config create",
    ],
  ];
  const missing = kinds.flatMap(([kind, has, wants, hint]) => {
    const there = new Set(has);
    return [...new Set(plans.flatMap(wants))]
      .filter((name) => !there.has(name))
      .map((name) => ({
        kind,
        name,
        near: suggest(name, there),
        hint: kind === "node" ? hint : `${hint} ${name}`,
      }));
  });
  const [first] = missing;
  if (first === undefined) return;
  const list = missing.map(
    ({ kind, name, near }) =>
      `the swarm has no ${kind} ${name}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
  );
  throw new BerthError("not-found", list.join("\n"), {
    hint: first.hint,
    details: missing.map(({ kind, name }) => ({ kind, name })),
  });
}

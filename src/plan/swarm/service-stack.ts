import { stringify } from "yaml";
import type { MountedFile, ServiceResources, ServiceUpdate } from "#machinefile/deploy.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { engineSocket, type ServicePlan } from "./service.ts";
import { time } from "./service-command.ts";

/**
 * A stack file (Compose v3) from which `docker stack deploy` makes these services. Networks, secrets and
 * configs exist already.
 */
export function renderStack(plans: readonly ServicePlan[]): string {
  const all = (names: (plan: ServicePlan) => readonly string[]) => {
    const found = [...new Set(plans.flatMap(names))];
    return found.length === 0
      ? undefined
      : Object.fromEntries(found.map((name) => [name, { external: true, name }]));
  };
  const stack = omitUndefined({
    version: "3.9",
    services: Object.fromEntries(plans.map((plan) => [plan.name, service(plan)])),
    networks: all(({ deploy }) => deploy.networks),
    secrets: all(({ deploy }) => deploy.secrets.map(({ source }) => source)),
    configs: all(({ deploy }) => deploy.configs.map(({ source }) => source)),
  });
  return stringify(stack, { lineWidth: 0, aliasDuplicateObjects: false });
}

function service({ deploy, image, ...plan }: ServicePlan) {
  return omitUndefined({
    image: literal(image),
    volumes: [{ type: "bind", source: engineSocket, target: engineSocket }],
    networks:
      deploy.networks.length === 0
        ? undefined
        : Object.fromEntries(
            deploy.networks.map((name) => [name, plan.aliases.length === 0 ? {} : { aliases: plan.aliases }]),
          ),
    labels: literals(plan.containerLabels),
    stop_grace_period: time(deploy.stopGracePeriod),
    secrets: files(deploy.secrets),
    configs: files(deploy.configs),
    logging:
      deploy.logDriver === undefined
        ? undefined
        : { driver: deploy.logDriver, options: literals(deploy.logOptions) },
    deploy: {
      labels: literals(plan.labels),
      mode: "replicated",
      replicas: deploy.replicas,
      endpoint_mode: deploy.endpointMode,
      placement: { constraints: plan.constraints.map(literal) },
      restart_policy: omitUndefined({
        condition: deploy.restart.condition,
        delay: time(deploy.restart.delay),
        max_attempts: deploy.restart.maxAttempts,
        window: deploy.restart.window === 0 ? undefined : time(deploy.restart.window),
      }),
      update_config: update(deploy.update),
      rollback_config: update(deploy.rollback),
      resources: { limits: amounts(deploy.limits), reservations: amounts(deploy.reservations) },
    },
  });
}

function update({ delay, failureAction, monitor }: ServiceUpdate) {
  return {
    parallelism: 1,
    order: "stop-first",
    delay: time(delay),
    failure_action: failureAction,
    monitor: time(monitor),
  };
}

function amounts({ cpus, memory, pids }: ServiceResources) {
  return omitUndefined({
    cpus: cpus === undefined ? undefined : String(cpus),
    memory: memory === undefined ? undefined : `${memory}b`,
    pids,
  });
}

function files(list: readonly MountedFile[]) {
  return list.length === 0
    ? undefined
    : list.map(({ source, target, uid, gid, mode }) => ({ source, target, uid, gid, mode }));
}

/** A stack file puts variables into its values; `$$` is a dollar sign. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function literals(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, literal(value)]));
}

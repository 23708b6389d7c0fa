import { type DeploySpec, deployDefaults, type ServiceUpdate } from "#machinefile/deploy.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import type { Fields } from "#machinefile/type/map.ts";
import type { deployKeys } from "./deploy.ts";
import type { rollbackKeys, updateKeys } from "./deploy-update.ts";

/**
 * How a swarm runs a machine, by what is written under its `deploy`; what is not written has its default.
 * `stopTimeout` is the machine's own, seconds.
 */
export function buildDeploy(
  written: Fields<typeof deployKeys>,
  stopTimeout: number = deployDefaults.stopTimeout,
): DeploySpec {
  const { restart = {}, resources = {} } = written;
  return {
    ...omitUndefined({ node: written.node, image: written.image, logDriver: written.log_driver }),
    constraints: written.constraints ?? [],
    networks: [...new Set(written.networks ?? [])],
    endpointMode: written.endpoint_mode ?? deployDefaults.endpointMode,
    replicas: written.replicas ?? 1,
    restart: {
      condition: restart.condition ?? deployDefaults.restart.condition,
      delay: restart.delay ?? deployDefaults.restart.delay,
      maxAttempts: restart.max_attempts ?? deployDefaults.restart.maxAttempts,
      window: restart.window ?? deployDefaults.restart.window,
    },
    update: buildUpdate(written.update ?? {}),
    rollback: buildUpdate(written.rollback ?? {}),
    limits: resources.limits ?? {},
    reservations: resources.reservations ?? {},
    secrets: written.secrets ?? [],
    configs: written.configs ?? [],
    stopGracePeriod: written.stop_grace_period ?? stopTimeout + deployDefaults.loaderTime,
    logOptions: written.log_options ?? {},
  };
}

function buildUpdate(fields: Fields<typeof updateKeys> | Fields<typeof rollbackKeys>): ServiceUpdate {
  return {
    delay: fields.delay ?? deployDefaults.update.delay,
    failureAction: fields.failure_action ?? deployDefaults.update.failureAction,
    monitor: fields.monitor ?? deployDefaults.update.monitor,
  };
}

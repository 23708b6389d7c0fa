import type { MountedFile, ServiceResources, ServiceUpdate } from "#machinefile/deploy.ts";
import { engineSocket, type ServicePlan } from "./service.ts";

/**
 * The words of the `docker service create` that makes the same service as `renderService`: first the command,
 * then a list of words for each flag, last the image.
 */
export function renderServiceCommand(plan: ServicePlan): readonly (readonly string[])[] {
  const { deploy } = plan;
  const each = (flag: string, values: readonly string[]) => values.map((value) => [flag, value]);
  const pairs = (flag: string, map: Readonly<Record<string, string>>) =>
    each(
      flag,
      Object.entries(map).map(([name, value]) => `${name}=${value}`),
    );
  return [
    ["docker", "service", "create"],
    // Asked about an image's digest, a registry that is not there would only delay it.
    ["--no-resolve-image"],
    ["--name", plan.name],
    ...each("--constraint", plan.constraints),
    ["--mount", `type=bind,source=${engineSocket},target=${engineSocket}`],
    ...each(
      "--network",
      deploy.networks.map((name) =>
        [`name=${name}`, ...plan.aliases.map((alias) => `alias=${alias}`)].join(","),
      ),
    ),
    ["--endpoint-mode", deploy.endpointMode],
    ["--replicas", String(deploy.replicas)],
    ["--stop-grace-period", time(deploy.stopGracePeriod)],
    ["--restart-condition", deploy.restart.condition],
    ["--restart-delay", time(deploy.restart.delay)],
    ["--restart-max-attempts", String(deploy.restart.maxAttempts)],
    ...(deploy.restart.window === 0 ? [] : [["--restart-window", time(deploy.restart.window)]]),
    ...updateFlags("update", deploy.update),
    ...updateFlags("rollback", deploy.rollback),
    ...amountFlags("limit", deploy.limits),
    ...amountFlags("reserve", deploy.reservations),
    ...each("--secret", deploy.secrets.map(file)),
    ...each("--config", deploy.configs.map(file)),
    ...(deploy.logDriver === undefined ? [] : [["--log-driver", deploy.logDriver]]),
    ...pairs("--log-opt", deploy.logOptions),
    ...pairs("--label", plan.labels),
    ...pairs("--container-label", plan.containerLabels),
    [plan.image],
  ];
}

function updateFlags(
  kind: string,
  { delay, failureAction, monitor }: ServiceUpdate,
): readonly (readonly string[])[] {
  return [
    [`--${kind}-order`, "stop-first"],
    [`--${kind}-parallelism`, "1"],
    ...(delay === 0 ? [] : [[`--${kind}-delay`, time(delay)]]),
    [`--${kind}-failure-action`, failureAction],
    [`--${kind}-monitor`, time(monitor)],
  ];
}

function amountFlags(kind: string, { cpus, memory, pids }: ServiceResources): readonly (readonly string[])[] {
  return [
    ...(cpus === undefined ? [] : [[`--${kind}-cpu`, String(cpus)]]),
    ...(memory === undefined ? [] : [[`--${kind}-memory`, String(memory)]]),
    ...(pids === undefined ? [] : [[`--${kind}-pids`, String(pids)]]),
  ];
}

function file({ source, target, uid, gid, mode }: MountedFile): string {
  return `source=${source},target=${target},uid=${uid},gid=${gid},mode=${renderMode(mode)}`;
}

/** Permission bits in octal digits. */
export function renderMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** Go's form of a duration. */
export function time(seconds: number): string {
  return `${seconds}s`;
}

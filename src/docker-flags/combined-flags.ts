import type { HealthConfig } from "#api/container-config.ts";
import type { CreateBody } from "#api/create-body.ts";
import { usageError } from "#usage.ts";
import type { Draft } from "./draft.ts";
import { endpointsBody } from "./endpoints.ts";

/**
 * The parts of the body that take several flags together. They throw `usage` where flags
 * contradict each other.
 */
export const combinedFlags: readonly ((draft: Draft) => CreateBody)[] = [
  endpointsBody,
  streamsBody,
  healthBody,
  ({ entrypoint }) => (entrypoint === undefined ? {} : { Entrypoint: [entrypoint] }),
  ({ ulimits = {} }) =>
    listed(
      "Ulimits",
      Object.values(ulimits).sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    ),
  ({ cdiDevices = [] }) =>
    listed("DeviceRequests", cdiDevices.length === 0 ? [] : [{ Driver: "cdi", DeviceIDs: cdiDevices }]),
  checkedTogether,
];

function listed<K extends "Ulimits" | "DeviceRequests", T>(key: K, list: readonly T[]): CreateBody {
  return list.length === 0 ? {} : { HostConfig: { [key]: list } };
}

/**
 * As `docker create` does: attach to an input that is kept open, and close it when the first client leaves.
 */
function streamsBody({ attach, body }: Draft): CreateBody {
  const isOpen = body?.OpenStdin === true;
  return {
    ...(attach !== undefined && {
      AttachStdout: attach.includes("stdout"),
      AttachStderr: attach.includes("stderr"),
    }),
    ...((isOpen || attach?.includes("stdin")) && { AttachStdin: true }),
    ...(isOpen && { StdinOnce: true }),
  };
}

function healthBody({ body, healthCommand = "", withoutHealth = false }: Draft): CreateBody {
  const isAsked = healthCommand !== "" || Object.values(body?.Healthcheck ?? {}).some((value) => value !== 0);
  if (withoutHealth && isAsked)
    throw usageError("--no-healthcheck: cannot be combined with other --health-* flags");
  const Test: HealthConfig["Test"] = withoutHealth ? ["NONE"] : ["CMD-SHELL", healthCommand];
  return withoutHealth || healthCommand !== "" ? { Healthcheck: { Test } } : {};
}

function checkedTogether({ body }: Draft): CreateBody {
  const { AutoRemove, RestartPolicy, LogConfig } = body?.HostConfig ?? {};
  if (AutoRemove === true && !["", "no"].includes(RestartPolicy?.Name ?? "")) {
    throw usageError("--rm: cannot be combined with --restart");
  }
  if (LogConfig?.Type === "none" && LogConfig.Config !== undefined)
    throw usageError("--log-opt: cannot be combined with --log-driver=none");
  return {};
}

import { suggest } from "#suggest.ts";

export type Section = "file" | "network" | "defaults" | "images" | "machines" | "deploy";

/** Keys that berth is meant to have, so that they are told apart from slips. */
const planned: Readonly<Partial<Record<Section, readonly string[]>>> = {
  network: ["dns", "parent", "ipv6", "subnet6"],
  defaults: ["ssh", "devices"],
  machines: ["ssh", "devices"],
};

/** What people who know Compose, docker run or mmdebstrap write. */
const foreign: Readonly<Record<string, string>> = {
  services: "machines",
  networks: "network",
  ports: "publish",
  mem_limit: "memory",
  memswap_limit: "memory_swap",
  pids_limit: "pids",
  cpuset: "cpuset_cpus",
  cap_add: "capabilities",
  env: "environment",
  ip: "address",
  ipv4_address: "address",
  alias: "aliases",
  privileged: "profile",
  stop_grace_period: "stop_timeout",
  entrypoint: "command",
  suite: "release",
  include: "packages",
  distribution: "os",
  restart_policy: "restart",
  update_config: "update",
  rollback_config: "rollback",
  placement: "constraints",
  constraint: "constraints",
  logging: "log_driver",
  stop_timeout: "stop_grace_period",
  folder: "root",
};

/** Why a key has no place in a section, and which one may have been meant. */
export function unknownKey(
  section: Section,
  key: string,
  candidates: readonly string[],
): { message: string; suggestion?: string } {
  if (planned[section]?.includes(key))
    return { message: "unknown key; this version does not support it yet" };
  const equivalent = Object.hasOwn(foreign, key) ? foreign[key] : undefined;
  const suggestion =
    equivalent !== undefined && candidates.includes(equivalent) ? equivalent : suggest(key, candidates);
  return suggestion === undefined ? { message: "unknown key" } : { message: "unknown key", suggestion };
}

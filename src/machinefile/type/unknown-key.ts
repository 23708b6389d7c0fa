import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import { suggest } from "#suggest.ts";

/** Keys of Compose, docker run and mmdebstrap, for suggestions. */
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

/** The problem of a key that a map does not know, with the one that may have been meant. */
export function unknownKey(key: string, known: readonly string[], path: Path): Problem {
  const equivalent = Object.hasOwn(foreign, key) ? foreign[key] : undefined;
  const suggestion =
    equivalent !== undefined && known.includes(equivalent) ? equivalent : suggest(key, known);
  return problem(path, "unknown key", suggestion, "key");
}

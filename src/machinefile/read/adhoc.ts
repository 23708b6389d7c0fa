import { BerthError } from "#errors.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { type Path, renderFault } from "#machinefile/problem.ts";
import { namelessProject } from "#machinefile/project.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";
import { usageError } from "#usage.ts";
import { readFleet } from "./fleet.ts";

/**
 * What `berth up NAME… --image X …` was given, each flag's text as it was typed; a repeated flag is a list.
 */
export interface FleetFlags {
  readonly names: readonly string[];
  readonly image?: string | undefined;
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly shmSize?: string | undefined;
  readonly tmpfs?: readonly string[] | undefined;
  readonly cpus?: string | undefined;
  readonly pids?: string | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly blkioWeight?: string | undefined;
  readonly deviceReadBps?: readonly string[] | undefined;
  readonly deviceWriteBps?: readonly string[] | undefined;
  readonly deviceReadIops?: readonly string[] | undefined;
  readonly deviceWriteIops?: readonly string[] | undefined;
  readonly lxcfs?: boolean | undefined;
  readonly publish?: readonly string[] | undefined;
  readonly volumes?: readonly string[] | undefined;
  readonly environment?: readonly string[] | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly profile?: string | undefined;
  readonly ids?: string | undefined;
  readonly restart?: string | undefined;
  readonly stopTimeout?: string | undefined;
  readonly command?: readonly string[] | undefined;
  /** For one machine alone. */
  readonly hostname?: string | undefined;
  /** For one machine alone. */
  readonly address?: string | undefined;
  /** For one machine alone. */
  readonly aliases?: readonly string[] | undefined;
  readonly domain?: string | undefined;
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
}

/** The flags by their place in a machine file, for messages; others are called as their key. */
const flagNames: Readonly<Record<string, string>> = {
  memory_swap: "--memory-swap",
  shm_size: "--shm-size",
  cpuset_cpus: "--cpuset-cpus",
  blkio_weight: "--blkio-weight",
  device_read_bps: "--device-read-bps",
  device_write_bps: "--device-write-bps",
  device_read_iops: "--device-read-iops",
  device_write_iops: "--device-write-iops",
  volumes: "--volume",
  environment: "--env",
  labels: "--label",
  capabilities: "--cap-add",
  stop_timeout: "--stop-timeout",
  aliases: "--alias",
  command: "the command",
};

/**
 * The fleet that flags ask for, read by the machine file's own rules: the same machine under each name.
 * `environment` gives the values of variables passed on by name alone. Throws one `usage` error for
 * everything that is wrong.
 */
export function fleetFromFlags(flags: FleetFlags, environment: Variables): Fleet {
  if (flags.names.length === 0) throw usageError("there are no machines; name at least one");
  const problems: string[] = [];
  const doubled = flags.names.filter((name, index) => flags.names.indexOf(name) < index);
  for (const name of new Set(doubled)) problems.push(`${name}: the machine is named twice`);
  const own = omitUndefined({ hostname: flags.hostname, address: flags.address, aliases: flags.aliases });
  const alone = new Set(flags.names).size === 1;
  if (!alone)
    for (const key of Object.keys(own))
      problems.push(`${flagName(key)}: goes with one machine, not with ${flags.names.length}`);
  if (flags.image === undefined) problems.push("--image: the image of the machines is missing");
  const reading = readFleet(
    {
      network: omitUndefined({ domain: flags.domain, subnet: flags.subnet, gateway: flags.gateway }),
      defaults: omitUndefined({
        // The missing one is reported above, once for all machines.
        image: flags.image ?? "none",
        publish: flags.publish,
        profile: flags.profile,
        ids: flags.ids,
        cpus: flags.cpus,
        memory: flags.memory,
        memory_swap: flags.memorySwap,
        shm_size: flags.shmSize,
        tmpfs: flags.tmpfs,
        pids: flags.pids,
        cpuset_cpus: flags.cpusetCpus,
        blkio_weight: flags.blkioWeight,
        device_read_bps: flags.deviceReadBps,
        device_write_bps: flags.deviceWriteBps,
        device_read_iops: flags.deviceReadIops,
        device_write_iops: flags.deviceWriteIops,
        lxcfs: flags.lxcfs,
        volumes: flags.volumes,
        environment: flags.environment,
        labels: flags.labels,
        capabilities: flags.capabilities,
        restart: flags.restart,
        stop_timeout: flags.stopTimeout,
        command: flags.command,
      }),
      machines: Object.fromEntries(flags.names.map((name) => [name, alone ? own : {}])),
    },
    environment,
    { name: namelessProject },
  );
  for (const fault of reading.problems) problems.push(`${flagOf(fault.path)}: ${renderFault(fault)}`);
  if (problems.length > 0 || !("fleet" in reading))
    throw new BerthError("usage", problems.join("\n"), { details: problems });
  return reading.fleet;
}

/**
 * The machines and the image that `NAMES` (separated by spaces or commas) and `IMAGE` ask for where the
 * command line has none.
 */
export function namesFromEnvironment(environment: Variables): {
  readonly names: readonly string[];
  readonly image?: string;
} {
  const names = (environment.NAMES ?? "").split(/[\s,]+/).filter((name) => name !== "");
  const image = environment.IMAGE?.trim() ?? "";
  return image === "" ? { names } : { names, image };
}

function flagOf(path: Path): string {
  const key = path[0] === "machines" ? path[2] : path[1];
  return typeof key === "string" ? flagName(key) : String(path[1] ?? "names");
}

function flagName(key: string): string {
  return (Object.hasOwn(flagNames, key) ? flagNames[key] : undefined) ?? `--${key}`;
}

import type { BlkioStatEntry, ContainerStats } from "#api/stats.ts";
import type { Machine } from "./machine.ts";

/** What a machine uses. Undefined is what the host does not count. */
export interface Usage {
  /** Share of one processor: 150 is one and a half. */
  readonly cpuPercent: number | undefined;
  /** Bytes, without the page cache that could go at once. */
  readonly memory: number | undefined;
  /** Bytes; the host's memory where the machine has no limit. */
  readonly memoryLimit: number | undefined;
  readonly memoryPercent: number | undefined;
  readonly pids: number | undefined;
  /** Bytes since the start. */
  readonly networkReceived: number | undefined;
  readonly networkSent: number | undefined;
  readonly blockRead: number | undefined;
  readonly blockWritten: number | undefined;
}

/**
 * A machine's usage from two samples, computed as `docker stats` does (docker/cli, stats_helpers.go). The
 * fields mean the same on cgroup v1 and v2, except for the page cache: total_inactive_file on v1,
 * inactive_file on v2.
 */
export function computeUsage(sample: ContainerStats, before: ContainerStats | undefined): Usage {
  const memory = memoryOf(sample.memory_stats);
  // The engine reports no limit as 0 where there is no memory controller.
  const memoryLimit = sample.memory_stats.limit || undefined;
  const networks = sample.networks === undefined ? undefined : Object.values(sample.networks);
  return {
    cpuPercent: before && cpuPercent(sample, before),
    memory,
    memoryLimit,
    memoryPercent:
      memory === undefined || memoryLimit === undefined ? undefined : (memory / memoryLimit) * 100,
    pids: sample.pids_stats.current,
    networkReceived: networks && sum(networks.map((network) => network.rx_bytes)),
    networkSent: networks && sum(networks.map((network) => network.tx_bytes)),
    ...blockOf(sample.blkio_stats.io_service_bytes_recursive),
  };
}

function cpuPercent(
  { cpu_stats: now }: ContainerStats,
  { cpu_stats: then }: ContainerStats,
): number | undefined {
  // A machine that runs has used some time: 0 is a host without the controller.
  if (
    now.cpu_usage.total_usage === 0 ||
    now.system_cpu_usage === undefined ||
    then.system_cpu_usage === undefined
  )
    return undefined;
  const used = now.cpu_usage.total_usage - then.cpu_usage.total_usage;
  const system = now.system_cpu_usage - then.system_cpu_usage;
  const processors = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  // Negative after a restart in between.
  return used <= 0 || system <= 0 ? 0 : (used / system) * processors * 100;
}

function memoryOf({ usage, stats = {} }: ContainerStats["memory_stats"]): number | undefined {
  if (usage === undefined) return undefined;
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}

/**
 * Operations are "Read" and "Write" on v1, "read" and "write" on v2; besides these there are sums, which are
 * not counted.
 */
function blockOf(
  entries: readonly BlkioStatEntry[] | null | undefined,
): Pick<Usage, "blockRead" | "blockWritten"> {
  if (!entries) return { blockRead: undefined, blockWritten: undefined };
  const total = (operation: string) =>
    sum(entries.filter((entry) => entry.op.toLowerCase() === operation).map((entry) => entry.value));
  return { blockRead: total("read"), blockWritten: total("write") };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What a machine uses at a time. */
export interface MachineUsage extends Usage {
  readonly name: string;
  readonly state: string;
  /** When it was read, RFC 3339. */
  readonly time: string | undefined;
}

/** The usage of a machine from its samples; nothing is known of one that does not run. */
export function usageOf(
  { name, state }: Machine,
  stats: ContainerStats | undefined,
  before: ContainerStats | undefined,
): MachineUsage {
  return stats === undefined
    ? { name, state, time: undefined, ...nothing }
    : { name, state, time: stats.read, ...computeUsage(stats, before) };
}

const nothing: Usage = {
  cpuPercent: undefined,
  memory: undefined,
  memoryLimit: undefined,
  memoryPercent: undefined,
  pids: undefined,
  networkReceived: undefined,
  networkSent: undefined,
  blockRead: undefined,
  blockWritten: undefined,
};

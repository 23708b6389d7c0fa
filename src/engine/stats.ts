import type { Engine } from "./connection/engine.ts";
import { path, request } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/**
 * One sample. Memory and traffic are bytes, CPU times nanoseconds; what the host does not count is missing.
 */
export interface ContainerStats {
  readonly id?: string;
  readonly name?: string;
  /** RFC 3339. */
  readonly read: string;
  readonly preread: string;
  readonly cpu_stats: CPUStats;
  /** The sample before; all zero in the first one. */
  readonly precpu_stats: CPUStats;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly networks?: Readonly<Record<string, NetworkStats>>;
  readonly blkio_stats: { readonly io_service_bytes_recursive?: readonly BlkioStatEntry[] | null };
}

export interface CPUStats {
  readonly cpu_usage: {
    readonly total_usage: number;
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
    readonly percpu_usage?: readonly number[] | null;
  };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

export interface NetworkStats {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}

export interface BlkioStatEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

/**
 * One sample. `oneShot` answers at once; without it the engine takes a second to have a CPU time before to
 * compare with.
 */
export function readStats(
  engine: Engine,
  id: string,
  options: Abortable & { readonly oneShot?: boolean } = {},
): Promise<ContainerStats> {
  const query = { stream: false, "one-shot": options.oneShot };
  return request(engine, { path: path`/containers/${id}/stats`, query, signal: options.signal });
}

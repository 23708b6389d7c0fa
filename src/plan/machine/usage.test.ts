import { describe, expect, test } from "bun:test";
import type { ContainerStats } from "#api/stats.ts";
import { computeUsage } from "./usage.ts";

const times = { read: "", preread: "" };
const precpu_stats = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 } };

/** Two answers of Docker 20.10 on cgroup v1, one second apart, with what nothing reads left out. */
const v1: ContainerStats = {
  ...times,
  precpu_stats,
  pids_stats: { current: 5 },
  blkio_stats: { io_service_bytes_recursive: [] },
  cpu_stats: {
    cpu_usage: {
      total_usage: 175793223,
      percpu_usage: [119052653, 56740570],
      usage_in_kernelmode: 70000000,
      usage_in_usermode: 100000000,
    },
    system_cpu_usage: 6553620000000,
    online_cpus: 2,
  },
  memory_stats: {
    usage: 15917056,
    stats: { cache: 8486912, inactive_file: 8388608, total_inactive_file: 8388608 },
    limit: 25323552768,
  },
  networks: {
    eth0: {
      rx_bytes: 736,
      rx_packets: 8,
      rx_errors: 0,
      rx_dropped: 0,
      tx_bytes: 0,
      tx_packets: 0,
      tx_errors: 0,
      tx_dropped: 0,
    },
  },
};
const v1Later: ContainerStats = {
  ...v1,
  cpu_stats: {
    ...v1.cpu_stats,
    cpu_usage: { ...v1.cpu_stats.cpu_usage, total_usage: 175868815 },
    system_cpu_usage: 6555620000000,
  },
};

/** An answer on cgroup v2 without controllers. */
const v2Bare: ContainerStats = {
  ...times,
  precpu_stats,
  pids_stats: {},
  blkio_stats: { io_service_bytes_recursive: null },
  cpu_stats: {
    cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    system_cpu_usage: 6557800000000,
    online_cpus: 2,
  },
  memory_stats: { stats: { anon: 0, inactive_file: 0 } },
  networks: v1.networks ?? {},
};

test("cgroup v1: memory without the page cache, the share of one processor", () => {
  const usage = computeUsage(v1Later, v1);
  expect(usage).toEqual({
    cpuPercent: (75592 / 2e9) * 2 * 100,
    memory: 15917056 - 8388608,
    memoryLimit: 25323552768,
    memoryPercent: ((15917056 - 8388608) / 25323552768) * 100,
    pids: 5,
    networkReceived: 736,
    networkSent: 0,
    blockRead: 0,
    blockWritten: 0,
  });
});

test("cgroup v2 without controllers: what is not counted is not 0", () => {
  expect(computeUsage(v2Bare, v2Bare)).toEqual({
    cpuPercent: undefined,
    memory: undefined,
    memoryLimit: undefined,
    memoryPercent: undefined,
    pids: undefined,
    networkReceived: 736,
    networkSent: 0,
    blockRead: undefined,
    blockWritten: undefined,
  });
});

test("the first sample tells no processor share", () =>
  expect(computeUsage(v1, undefined).cpuPercent).toBeUndefined());

const cpu = (total: number, system: number, online_cpus = 2): ContainerStats => ({
  ...v1,
  cpu_stats: {
    cpu_usage: { ...v1.cpu_stats.cpu_usage, total_usage: total },
    system_cpu_usage: system,
    online_cpus,
  },
});

describe.each<[string, ContainerStats, ContainerStats, number]>([
  ["one processor of two, busy", cpu(1e9, 2e9), cpu(2e9, 4e9), 100],
  ["four processors, all busy", cpu(1e9, 4e9, 4), cpu(5e9, 8e9, 4), 400],
  ["idle", cpu(1e9, 2e9), cpu(1e9, 4e9), 0],
  ["started anew in between", cpu(9e9, 2e9), cpu(1e9, 4e9), 0],
  ["online_cpus missing: counted by percpu_usage", cpu(1e9, 2e9, 0), cpu(2e9, 4e9, 0), 100],
])("processor: %s", (_, before, now, percent) => {
  test(`${percent}%`, () => expect(computeUsage(now, before).cpuPercent).toBeCloseTo(percent));
});

describe.each<[string, ContainerStats["memory_stats"], number | undefined]>([
  ["v2 with its controller", { usage: 100, stats: { inactive_file: 30 }, limit: 1000 }, 70],
  ["more cache than usage, as between two reads", { usage: 100, stats: { inactive_file: 130 } }, 100],
  ["no details", { usage: 100 }, 100],
  ["not counted", {}, undefined],
])("memory: %s", (_, memory_stats, memory) => {
  test(String(memory), () => expect(computeUsage({ ...v1, memory_stats }, undefined).memory).toBe(memory));
});

describe.each<[string, string, string]>([
  ["v1", "Read", "Write"],
  ["v2", "read", "write"],
])("block traffic on %s", (_, read, write) => {
  test("over all devices, sums left out", () => {
    const entry = (op: string, value: number, minor = 0) => ({ major: 8, minor, op, value });
    const entries = [
      entry(read, 1),
      entry(read, 2, 16),
      entry(write, 4),
      entry("Total", 7),
      entry("Sync", 7),
    ];
    const usage = computeUsage({ ...v1, blkio_stats: { io_service_bytes_recursive: entries } }, undefined);
    expect([usage.blockRead, usage.blockWritten]).toEqual([3, 4]);
  });
});

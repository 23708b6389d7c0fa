import type { ThrottleDevice } from "#api/host-config.ts";
import { type DeviceRate, parseBytesRate, parseOperationsRate } from "#machinefile/value/device-rate.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { parseBlkioWeight, parseCpuset } from "#machinefile/value/limit.ts";
import { parseSize } from "#machinefile/value/size.ts";
import { host } from "./draft.ts";
import { type Flag, toggle, valued } from "./flag.ts";
import { parseInteger } from "./literal.ts";
import { parseUlimitFlag } from "./ulimit.ts";

/** How much the container may use. */
export const resourceFlags: readonly Flag[] = [
  valued("memory", (text) => host({ Memory: parseSize(text) }), { short: "m" }),
  valued("memory-reservation", (text) => host({ MemoryReservation: parseSize(text) })),
  valued("memory-swap", (text) => host({ MemorySwap: text === "-1" ? -1 : parseSize(text) })),
  valued("memory-swappiness", (text) => host({ MemorySwappiness: parseInteger(text, -1, 100) })),
  valued("kernel-memory", (text) => host({ KernelMemory: parseSize(text) })),
  toggle("oom-kill-disable", (OomKillDisable) => host({ OomKillDisable })),
  valued("oom-score-adj", (text) => host({ OomScoreAdj: parseInteger(text, -1000, 1000) })),
  valued("shm-size", (text) => host({ ShmSize: parseSize(text) })),
  valued("pids-limit", (text) => host({ PidsLimit: parseInteger(text) })),
  valued("cpus", (text) => host({ NanoCpus: parseNanoCpus(text) })),
  valued("cpu-shares", (text) => host({ CpuShares: parseInteger(text) }), { short: "c" }),
  valued("cpu-period", (text) => host({ CpuPeriod: parseInteger(text) })),
  valued("cpu-quota", (text) => host({ CpuQuota: parseInteger(text) })),
  valued("cpu-rt-period", (text) => host({ CpuRealtimePeriod: parseInteger(text) })),
  valued("cpu-rt-runtime", (text) => host({ CpuRealtimeRuntime: parseInteger(text) })),
  valued("cpuset-cpus", (text) => host({ CpusetCpus: text === "" ? "" : parseCpuset(text) })),
  valued("cpuset-mems", (CpusetMems) => host({ CpusetMems })),
  valued("blkio-weight", (text) => host({ BlkioWeight: parseWeight(text) })),
  valued("blkio-weight-device", (text) => host({ BlkioWeightDevice: [parseDeviceWeight(text)] })),
  valued("device-read-bps", (text) => host({ BlkioDeviceReadBps: [rate(parseBytesRate(text))] })),
  valued("device-read-iops", (text) => host({ BlkioDeviceReadIOps: [rate(parseOperationsRate(text))] })),
  valued("device-write-bps", (text) => host({ BlkioDeviceWriteBps: [rate(parseBytesRate(text))] })),
  valued("device-write-iops", (text) => host({ BlkioDeviceWriteIOps: [rate(parseOperationsRate(text))] })),
  valued("ulimit", (text) => {
    const limit = parseUlimitFlag(text);
    return { ulimits: { [limit.Name]: limit } };
  }),
];

function rate({ device, rate: Rate }: DeviceRate): ThrottleDevice {
  return { Path: device, Rate };
}

/** A decimal number of processors, in billionths; exact, so not by way of a float. */
function parseNanoCpus(text: string): number {
  const match = /^(?=\.?\d)(\d*)(?:\.(\d*?)0*)?$/.exec(text);
  if (match === null) throw invalid("number of CPUs", text, "example: 2 or 0.5");
  const [, whole = "", fraction = ""] = match;
  if (fraction.length > 9)
    throw invalid("number of CPUs", text, "example: 0.5; at most nine digits after the point");
  const nano = Number(whole || "0") * 1e9 + Number(fraction.padEnd(9, "0"));
  if (!Number.isSafeInteger(nano)) throw invalid("number of CPUs", text, "example: 2; at most 9007199");
  return nano;
}

/** 0 means the default weight. */
function parseWeight(text: string): number {
  return text === "0" ? 0 : parseBlkioWeight(text);
}

function parseDeviceWeight(text: string): { readonly Path: string; readonly Weight: number } {
  const colon = text.lastIndexOf(":");
  const path = text.slice(0, Math.max(colon, 0));
  if (!/^\/dev\/./.test(path)) throw invalid("device weight", text, "example: /dev/sda:500");
  return { Path: path, Weight: parseWeight(text.slice(colon + 1)) };
}

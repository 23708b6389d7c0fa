import { list } from "#machinefile/type/list.ts";
import { scalar, text } from "#machinefile/type/scalar.ts";
import type { ValueType } from "#machinefile/type/value-type.ts";
import { type DeviceRate, parseBytesRate, parseOperationsRate } from "#machinefile/value/device-rate.ts";
import { parseBlkioWeight } from "#machinefile/value/limit.ts";
import { hyphened, type KeyOption, machineKey } from "./machine-key.ts";

interface RateKind {
  readonly type: ValueType<readonly DeviceRate[]>;
  readonly shownType: string;
  readonly unit: string;
  readonly absent: "no limit";
  readonly examples: readonly unknown[];
}

const bytes = rateKind("/dev/sda:10mb", "SIZE", "bytes a second", parseBytesRate);
const operations = rateKind("/dev/sda:1000", "NUMBER", "operations a second", parseOperationsRate);

function rateKind(
  example: string,
  amount: string,
  unit: string,
  parse: (text: string) => DeviceRate,
): RateKind {
  return {
    type: list("device rates", text("a device with a rate", example, parse)),
    shownType: `list of DEVICE:${amount}`,
    unit,
    absent: "no limit",
    examples: [[example]],
  };
}

function option(value: string, description: string): KeyOption {
  return { value: `DEVICE:${value}`, repeat: true, description };
}

/** The loader has the flag of `docker run` with the key's name. */
function flags(key: string) {
  return {
    form: "flags",
    render: (rates: readonly DeviceRate[]) =>
      rates.map(({ device, rate }) => `${hyphened(key)}=${device}:${rate}`),
  } as const;
}

/** A machine's share of the host's block devices. */
export const blockIoKeys = {
  blkio_weight: machineKey("blkioWeight", {
    type: scalar("a block I/O weight", "300", parseBlkioWeight),
    shownType: "whole number",
    unit: "10 to 1000",
    description:
      "Relative share of block I/O under contention. Needs an I/O scheduler with weights on the host " +
      "(example: BFQ).",
    absent: "the engine's choice",
    examples: [300],
    option: { value: "N", description: "share of block I/O, 10 to 1000" },
    label: { form: "flags", render: (weight) => [`blkio-weight=${weight}`] },
  }),
  device_read_bps: machineKey("deviceReadBps", {
    ...bytes,
    description: "Maximum read rate for a block device of the host.",
    option: option("SIZE", "maximum read rate (example: /dev/sda:10mb)"),
    label: flags("device_read_bps"),
  }),
  device_write_bps: machineKey("deviceWriteBps", {
    ...bytes,
    description: "Maximum write rate for one. On cgroup v1 it limits only direct and synchronous writes.",
    option: option("SIZE", "maximum write rate"),
    label: flags("device_write_bps"),
  }),
  device_read_iops: machineKey("deviceReadIops", {
    ...operations,
    description: "Maximum rate of read operations for a block device of the host.",
    option: option("N", "maximum read operations a second"),
    label: flags("device_read_iops"),
  }),
  device_write_iops: machineKey("deviceWriteIops", {
    ...operations,
    description: "Maximum rate of write operations for one.",
    option: option("N", "maximum write operations a second"),
    label: flags("device_write_iops"),
  }),
};

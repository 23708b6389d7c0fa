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
      "Its share of block I/O where others want it too. Needs a host whose I/O scheduler shares out, " +
      "such as BFQ.",
    absent: "the engine's choice",
    examples: [300],
    option: { value: "N", description: "share of block I/O, 10 to 1000" },
    label: { form: "flags", render: (weight) => [`blkio-weight=${weight}`] },
  }),
  device_read_bps: machineKey("deviceReadBps", {
    ...bytes,
    description: "The most that it reads from a block device of the host.",
    option: option("SIZE", "bytes a second it may read, such as /dev/sda:10mb"),
    label: flags("device_read_bps"),
  }),
  device_write_bps: machineKey("deviceWriteBps", {
    ...bytes,
    description:
      "The most that it writes to one. On cgroup v1 this bounds direct and synchronous writes alone.",
    option: option("SIZE", "bytes a second it may write"),
    label: flags("device_write_bps"),
  }),
  device_read_iops: machineKey("deviceReadIops", {
    ...operations,
    description: "The most read operations on a block device of the host.",
    option: option("N", "read operations a second"),
    label: flags("device_read_iops"),
  }),
  device_write_iops: machineKey("deviceWriteIops", {
    ...operations,
    description: "The most write operations on one.",
    option: option("N", "write operations a second"),
    label: flags("device_write_iops"),
  }),
};

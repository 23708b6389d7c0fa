import { type DeviceRate, parseBytesRate, parseOperationsRate } from "#machinefile/value/device-rate.ts";
import { parseBlkioWeight, parseCpus, parseCpuset, parsePids } from "#machinefile/value/limit.ts";
import { parseMemory, parseMemorySwap, parseShmSize } from "#machinefile/value/size.ts";
import { parseTmpfs } from "#machinefile/value/tmpfs.ts";
import { key, list, scalar, text } from "./schema-key.ts";

interface RateKind {
  readonly parse: (text: string) => DeviceRate;
  readonly type: string;
  readonly unit: string;
  readonly example: string;
}

const byteRate: RateKind = {
  parse: parseBytesRate,
  type: "list of DEVICE:SIZE",
  unit: "bytes a second",
  example: "/dev/sda:10mb",
};
const operationRate: RateKind = {
  parse: parseOperationsRate,
  type: "list of DEVICE:NUMBER",
  unit: "operations a second",
  example: "/dev/sda:1000",
};

function rates({ parse, type, unit, example }: RateKind, description: string) {
  const schema = list("device rates", text(`a device with a rate such as ${example}`, parse));
  return key(schema, { type, unit, description, absent: "no limit", examples: [[example]] });
}

/** The keys by which a machine's use of its host is limited. */
export const limitShape = {
  cpus: key(scalar("a number of processors", parseCpus), {
    type: "number",
    unit: "processors",
    description: "The most processor time.",
    absent: "all of the host's",
    examples: [1.5],
  }),
  memory: key(scalar("a size such as 512M", parseMemory), {
    type: "size",
    unit: "bytes; k, m, g, t are powers of 1024",
    description: "The most memory, at least 6M.",
    absent: "all of the host's",
    examples: ["512M", "1.5g"],
  }),
  memory_swap: key(scalar("a size such as 1G", parseMemorySwap), {
    type: "size",
    unit: "bytes",
    description:
      "The most memory and swap together; needs `memory`, and is not less. `-1` is unlimited swap.",
    absent: "the engine's choice",
    examples: ["1G"],
  }),
  shm_size: key(scalar("a size such as 1G", parseShmSize), {
    type: "size",
    unit: "bytes",
    description: "How much /dev/shm holds, which databases share among their processes.",
    absent: "a share of the memory, see machines.md",
    examples: ["1G"],
  }),
  tmpfs: key(list("file systems in memory", text("a path with options such as /tmp:size=64m", parseTmpfs)), {
    type: "list of PATH[:OPTIONS]",
    description:
      "File systems in memory, empty at each boot, as Compose has them. At /tmp, /run and /run/lock it takes the place of the machine's own. " +
      "Options: `size`, `nr_inodes`, `mode`, `uid`, `gid`, `ro`, `exec` and the like (tmpfs(5)).",
    absent: "those that every machine has",
    examples: [["/tmp:size=64m", "/var/cache:size=1g,mode=755"]],
  }),
  pids: key(scalar("a number of processes", parsePids), {
    type: "whole number",
    unit: "processes and threads",
    description: "The most processes.",
    absent: "the engine's limit",
    examples: [4096],
  }),
  cpuset_cpus: key(scalar("a list of processors such as 0-3,6", parseCpuset), {
    type: "list of processor numbers",
    description: "The processors that it may run on, by number and range.",
    absent: "all of the host's",
    examples: ["0-3,6", 0],
  }),
  blkio_weight: key(scalar("a weight from 10 to 1000", parseBlkioWeight), {
    type: "whole number",
    unit: "10 to 1000",
    description:
      "Its share of block I/O where others want it too. Needs a host whose I/O scheduler shares out, such as BFQ.",
    absent: "the engine's choice",
    examples: [300],
  }),
  device_read_bps: rates(byteRate, "The most that it reads from a block device of the host."),
  device_write_bps: rates(
    byteRate,
    "The most that it writes to one. On cgroup v1 this bounds direct and synchronous writes alone.",
  ),
  device_read_iops: rates(operationRate, "The most read operations on a block device of the host."),
  device_write_iops: rates(operationRate, "The most write operations on one."),
};

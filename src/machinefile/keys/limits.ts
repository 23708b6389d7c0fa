import { scalar } from "#machinefile/type/scalar.ts";
import { parseCpus, parseCpuset, parsePids } from "#machinefile/value/limit.ts";
import { parseMemory, parseMemorySwap } from "#machinefile/value/size.ts";
import { machineKey } from "./machine-key.ts";

/** The most that a machine has of its host's processors and memory. */
export const limitKeys = {
  cpus: machineKey("cpus", {
    type: scalar("a number of CPUs", "1.5", parseCpus),
    shownType: "number",
    unit: "processors",
    description: "Maximum processor time.",
    absent: "all of the host's",
    examples: [1.5],
    option: { value: "N", description: "maximum processors (example: 1.5)" },
    label: { form: "value" },
  }),
  cpuset_cpus: machineKey("cpuset", {
    type: scalar("a CPU list", "0-3,6", parseCpuset),
    shownType: "list of processor numbers",
    description: "The processors that it may run on, by number and range.",
    absent: "all of the host's",
    examples: ["0-3,6", 0],
    option: { value: "LIST", description: "processors to run on (example: 0-3,6)" },
    label: { form: "value", also: ["cpuset"] },
  }),
  memory: machineKey("memory", {
    type: scalar("a size", "512M", parseMemory),
    shownType: "size",
    unit: "bytes; k, m, g, t are powers of 1024",
    description: "Maximum memory, at least 6M.",
    absent: "all of the host's",
    examples: ["512M", "1.5g"],
    option: { short: "m", value: "SIZE", description: "memory limit (example: 512M)" },
    label: { form: "value" },
  }),
  memory_swap: machineKey("memorySwap", {
    type: scalar("a size", "1G", parseMemorySwap),
    shownType: "size",
    unit: "bytes",
    description:
      "Maximum memory and swap together; needs `memory`, and must not be less. `-1` is unlimited swap.",
    absent: "the engine's choice",
    examples: ["1G"],
    option: { value: "SIZE", description: "memory and swap together; -1 is unlimited swap" },
    label: { form: "value" },
  }),
  pids: machineKey("pids", {
    type: scalar("a number of processes", "4096", parsePids),
    shownType: "whole number",
    unit: "processes and threads",
    description: "Maximum number of processes.",
    absent: "the engine's limit",
    examples: [4096],
    option: { value: "N", description: "maximum processes and threads" },
    label: { form: "value" },
  }),
};

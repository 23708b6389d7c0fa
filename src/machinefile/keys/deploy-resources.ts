import { map } from "#machinefile/type/map.ts";
import { scalar } from "#machinefile/type/scalar.ts";
import { parseCpus, parsePids } from "#machinefile/value/limit.ts";
import { parseSize } from "#machinefile/value/size.ts";

const reservationKeys = {
  cpus: {
    type: scalar("a number of CPUs", "0.5", parseCpus),
    shownType: "number",
    unit: "processors",
    description: "Processor time.",
    absent: "none",
    examples: [0.5],
  },
  memory: {
    type: scalar("a size", "64M", parseSize),
    shownType: "size",
    unit: "bytes; k, m, g, t are powers of 1024",
    description: "Memory.",
    absent: "none",
    examples: ["64M"],
  },
};

const limitKeys = {
  ...reservationKeys,
  pids: {
    type: scalar("a number of processes", "100", parsePids),
    shownType: "whole number",
    unit: "processes and threads",
    description: "Processes.",
    absent: "none",
    examples: [100],
  },
};

/** The keys under `deploy.resources`. */
export const resourceKeys = {
  limits: { type: map(limitKeys), description: "The most that the service may have.", absent: "none" },
  reservations: {
    type: map(reservationKeys),
    description: "What the scheduler keeps for it.",
    absent: "none",
  },
};

import {
  deployDefaults,
  restartConditions,
  rollbackFailureActions,
  updateFailureActions,
} from "#machinefile/deploy.ts";
import { choice, scalar, text } from "#machinefile/type/scalar.ts";
import type { Key } from "#machinefile/type/value-type.ts";
import { parseDuration } from "#machinefile/value/duration.ts";
import { parseAttempts, parseOrder } from "#machinefile/value/placement.ts";

/** A time, `otherwise` seconds where it is not written. */
function time(description: string, otherwise: number): Key<number> {
  return {
    type: timeType,
    shownType: "time",
    unit: "seconds, or a duration like 1m30s",
    description,
    default: `${otherwise}s`,
    examples: ["10s"],
  };
}

const timeType = scalar("a time", "90s", parseDuration);

/** The keys under `deploy.restart`. */
export const restartKeys = {
  condition: {
    type: choice(restartConditions),
    description: "When the swarm restarts the machine.",
    default: deployDefaults.restart.condition,
  },
  delay: time("How long the swarm waits before a restart.", deployDefaults.restart.delay),
  max_attempts: {
    type: scalar("a number of attempts", "3", parseAttempts),
    shownType: "whole number",
    description: "Maximum number of restarts; 0 is unlimited.",
    default: String(deployDefaults.restart.maxAttempts),
    examples: [3],
  },
  window: {
    type: timeType,
    shownType: "time",
    unit: "seconds, or a duration like 1m30s",
    description: "How long the machine must run for a start to count as successful.",
    absent: "at once",
    examples: ["2m"],
  },
};

const order = {
  type: text("an order", "stop-first", parseOrder),
  shownType: "`stop-first`",
  description: "The old machine stops before the new one starts: a root takes one machine at a time.",
  default: "stop-first",
};

/** The keys under `deploy.update`. */
export const updateKeys = {
  order,
  delay: time("How long the swarm waits between tasks.", deployDefaults.update.delay),
  failure_action: {
    type: choice(updateFailureActions),
    description: "What the swarm does when the new machine fails.",
    default: deployDefaults.update.failureAction,
    examples: ["rollback"],
  },
  monitor: time("How long the swarm watches the new machine for failure.", deployDefaults.update.monitor),
};

/** The keys under `deploy.rollback`. */
export const rollbackKeys = {
  order,
  delay: time("As under `update`.", deployDefaults.update.delay),
  failure_action: {
    type: choice(rollbackFailureActions),
    description: "What the swarm does when the rollback fails, too.",
    default: deployDefaults.update.failureAction,
  },
  monitor: time("As under `update`.", deployDefaults.update.monitor),
};

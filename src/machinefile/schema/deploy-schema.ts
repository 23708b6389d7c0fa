import { z } from "zod";
import {
  deployDefaults,
  endpointModes,
  parseAttempts,
  parseConstraint,
  parseFileMode,
  parseFileOwner,
  parseFileTarget,
  parseNetworkName,
  parseNode,
  parseOrder,
  parseReplicas,
  parseStoredName,
  restartConditions,
  rollbackFailureActions,
  updateFailureActions,
} from "#machinefile/read/deploy.ts";
import { parseDuration } from "#machinefile/value/duration.ts";
import { parseReference } from "#machinefile/value/image.ts";
import { parseCpus, parsePids } from "#machinefile/value/limit.ts";
import { parseSize } from "#machinefile/value/size.ts";
import { choice, expected, key, list, scalar, text } from "./schema-key.ts";

const seconds = "seconds, or such as 1m30s";

function time(description: string, otherwise: number) {
  return key(scalar("a time such as 90s", parseDuration), {
    type: "time",
    unit: seconds,
    description,
    default: `${otherwise}s`,
    examples: ["10s"],
  });
}

export const restartShape = {
  condition: key(choice(restartConditions), {
    description: "When the swarm starts the machine again.",
    default: deployDefaults.restart.condition,
  }),
  delay: time("How long it waits before.", deployDefaults.restart.delay),
  max_attempts: key(scalar("a number of attempts", parseAttempts), {
    type: "whole number",
    description: "How often; 0 is without end.",
    default: String(deployDefaults.restart.maxAttempts),
    examples: [3],
  }),
  window: key(scalar("a time such as 90s", parseDuration), {
    type: "time",
    unit: seconds,
    description: "How long the machine must have run for a start to count as good.",
    absent: "at once",
    examples: ["2m"],
  }),
};

const orderKey = key(text("stop-first", parseOrder), {
  type: "`stop-first`",
  description: "The old machine stops before the new one starts: a root takes one at a time.",
  default: "stop-first",
});

export const updateShape = {
  order: orderKey,
  delay: time("How long the swarm waits between tasks.", deployDefaults.update.delay),
  failure_action: key(choice(updateFailureActions), {
    description: "What it does when the new machine fails.",
    default: deployDefaults.update.failureAction,
    examples: ["rollback"],
  }),
  monitor: time("How long the new machine is watched for failure.", deployDefaults.update.monitor),
};

export const rollbackShape = {
  order: orderKey,
  delay: time("As under `update`.", deployDefaults.update.delay),
  failure_action: key(choice(rollbackFailureActions), {
    description: "What the swarm does when that fails too.",
    default: deployDefaults.update.failureAction,
  }),
  monitor: time("As under `update`.", deployDefaults.update.monitor),
};

const cpus = key(scalar("a number of processors", parseCpus), {
  type: "number",
  unit: "processors",
  description: "Processor time.",
  absent: "none",
  examples: [0.5],
});
const memory = key(scalar("a size such as 64M", parseSize), {
  type: "size",
  unit: "bytes; k, m, g, t are powers of 1024",
  description: "Memory.",
  absent: "none",
  examples: ["64M"],
});

export const reservationShape = { cpus, memory };
export const serviceLimitShape = {
  ...reservationShape,
  pids: key(scalar("a number of processes", parsePids), {
    type: "whole number",
    unit: "processes and threads",
    description: "Processes.",
    absent: "none",
    examples: [100],
  }),
};

function fileShape(what: string, place: string, example: string) {
  return {
    source: key(text(`a ${what}'s name`, parseStoredName), {
      type: "name",
      description: `The ${what} in the swarm.`,
      absent: "required",
      examples: ["key"],
    }),
    target: key(text("a path", parseFileTarget), {
      type: "path",
      description: `The file; ${place}.`,
      absent: "its name",
      examples: [example],
    }),
    uid: key(scalar("a number", parseFileOwner), {
      type: "number",
      description: "Its owner.",
      default: "0",
      examples: [101],
    }),
    gid: key(scalar("a number", parseFileOwner), {
      type: "number",
      description: "Its group.",
      default: "0",
      examples: [101],
    }),
    mode: key(scalar('permission bits such as "0440"', parseFileMode), {
      type: "octal digits",
      description: "Its permission bits.",
      default: "0444",
      examples: ["0440"],
    }),
  };
}

export const secretShape = fileShape("secret", "relative ones are below /run/secrets", "tls.key");
export const configShape = fileShape("config", "relative ones are below /", "/etc/app.conf");

function files(what: string, shape: typeof secretShape, description: string) {
  return key(
    z.array(
      z.union([
        secretShape.source,
        z
          .strictObject(shape)
          .partial()
          .meta({ required: ["source"] }),
      ]),
    ),
    {
      type: `list of names, or of maps with \`source\`, \`target\`, \`uid\`, \`gid\`, \`mode\``,
      description,
      absent: "none",
      examples: [[`${what}-one`, { source: `${what}-two`, target: "two", mode: "0440" }]],
    },
  );
}

/** The keys of `deploy` that hold one value. */
export const deployFlatShape = {
  node: key(text("a host name", parseNode), {
    type: "host name",
    description: "The node that has the root, by its host name in the swarm.",
    absent: "any node: all have it",
    examples: ["server1"],
  }),
  constraints: key(list("constraints", text("a constraint", parseConstraint)), {
    type: "list of constraints",
    description: "Further conditions for the node, as `docker service create --constraint` takes them.",
    absent: "none",
    examples: [["node.labels.disk==ssd"]],
  }),
  networks: key(list("networks", text("a network", parseNetworkName)), {
    type: "list of networks",
    description:
      "Overlay networks of the swarm that the machine is on; each must exist. Its `aliases` hold on each.",
    absent: "none but the node's own",
    examples: [["application"]],
  }),
  endpoint_mode: key(choice(endpointModes), {
    description:
      "What the machine's name leads to on its networks: `dnsrr` its own address, which it also speaks from, on every port and protocol; `vip` a virtual address that stays, which needs IPVS in every node's kernel.",
    default: deployDefaults.endpointMode,
  }),
  replicas: key(scalar("0 or 1", parseReplicas), {
    type: "0 or 1",
    description: "Whether the machine runs. A root takes one at a time.",
    default: "1",
    examples: [0],
  }),
  stop_grace_period: key(scalar("a time such as 3m", parseDuration), {
    type: "time",
    unit: seconds,
    description: "How long the machine may take to stop before all of it is killed.",
    absent: `the machine's \`stop_timeout\`, or ${deployDefaults.stopTimeout} s, and ${deployDefaults.loaderTime} s more`,
    examples: ["3m"],
  }),
  log_driver: key(text("a log driver", parseStoredName), {
    type: "log driver",
    description:
      "Where the machine's console goes: a log driver of the node's engine. `berth logs` reads `json-file`, `local` and `journald`.",
    absent: "the node's own",
    examples: ["journald"],
  }),
  log_options: key(
    z.record(
      z.string(),
      z
        .union([z.string(), z.number(), z.boolean()], { error: expected("text") })
        .transform((value) => String(value)),
      { error: expected("a map of options") },
    ),
    {
      type: "map",
      description: "Options of the log driver; they need `log_driver`.",
      absent: "none",
      examples: [{ "max-size": "10m" }],
    },
  ),
  image: key(text("an image", parseReference), {
    type: "image",
    description:
      "The loader's image, which `berth loader image` makes. The node must have it, or find it in its registry.",
    absent: "`berth-loader:` with berth's version",
    examples: ["registry.example:5000/berth-loader:1"],
  }),
};

export const resourcesShape = {
  limits: z.strictObject(serviceLimitShape).partial(),
  reservations: z.strictObject(reservationShape).partial(),
};

/** The keys under `deploy`. */
export const deployShape = {
  ...deployFlatShape,
  restart: key(z.strictObject(restartShape).partial(), {
    type: "map",
    description: "When the swarm starts the machine again.",
    absent: "always, after 5 s",
  }),
  update: key(z.strictObject(updateShape).partial(), {
    type: "map",
    description: "How a changed machine replaces the old one.",
    absent: "Docker's defaults",
  }),
  rollback: key(z.strictObject(rollbackShape).partial(), {
    type: "map",
    description: "How the old one comes back.",
    absent: "Docker's defaults",
  }),
  resources: key(z.strictObject(resourcesShape).partial(), {
    type: "map of `limits` and `reservations`",
    description:
      "What the service has on its node. Limits bind the loader alone, the machine has its own (`memory`, `cpus` …); reservations are what the scheduler counts with.",
    absent: "none",
    examples: [{ limits: { memory: "128M" }, reservations: { memory: "1G", cpus: 1 } }],
  }),
  secrets: files(
    "secret",
    secretShape,
    "Secrets of the swarm that the machine gets, as files and as systemd credentials.",
  ),
  configs: files("config", configShape, "Configs of the swarm that the machine gets, as files."),
};

/** Every key that is written under `deploy`, by its path there: what the reference shows. */
export const deployReference: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries<z.ZodType>(deployShape).flatMap(([name, schema]) => [[name, schema], ...below(name)]),
);

function below(name: string): readonly (readonly [string, z.ZodType])[] {
  const shapes: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
    restart: restartShape,
    update: updateShape,
    rollback: rollbackShape,
  };
  return Object.entries(shapes[name] ?? {}).map(([inner, schema]) => [`${name}.${inner}`, schema]);
}

import { deployDefaults, endpointModes } from "#machinefile/deploy.ts";
import { type Problem, problem } from "#machinefile/problem.ts";
import { list } from "#machinefile/type/list.ts";
import { map } from "#machinefile/type/map.ts";
import { choice, scalar, text } from "#machinefile/type/scalar.ts";
import { textMap } from "#machinefile/type/text-map.ts";
import { parseDuration } from "#machinefile/value/duration.ts";
import { parseReference } from "#machinefile/value/image.ts";
import { parseStoredName } from "#machinefile/value/mounted-file.ts";
import { parseConstraint, parseNetworkName, parseNode, parseReplicas } from "#machinefile/value/placement.ts";
import { filesKey } from "./deploy-files.ts";
import { resourceKeys } from "./deploy-resources.ts";
import { restartKeys, rollbackKeys, updateKeys } from "./deploy-update.ts";

/** The keys under `deploy`. */
export const deployKeys = {
  node: {
    type: text("a host name", "server1", parseNode),
    shownType: "host name",
    description: "The node that has the root, by its host name in the swarm.",
    absent: "any node: all have it",
    examples: ["server1"],
  },
  constraints: {
    type: list("constraints", text("a constraint", "node.role!=manager", parseConstraint)),
    shownType: "list of constraints",
    description: "Further conditions for the node, as `docker service create --constraint` takes them.",
    absent: "none",
    examples: [["node.labels.disk==ssd"]],
  },
  networks: {
    type: list("networks", text("a network", "application", parseNetworkName)),
    shownType: "list of networks",
    description:
      "Overlay networks of the swarm that the machine is on; each must exist. Its `aliases` apply on each.",
    absent: "none but the node's own",
    examples: [["application"]],
  },
  endpoint_mode: {
    type: choice(endpointModes),
    description:
      "What the machine's name resolves to on its networks: `dnsrr` its own address, which it also sends " +
      "from, on every port and protocol; `vip` a fixed virtual address, which needs IPVS in every node's " +
      "kernel.",
    default: deployDefaults.endpointMode,
  },
  replicas: {
    type: scalar("0 or 1", "0", parseReplicas),
    shownType: "0 or 1",
    description: "Whether the machine runs. A root takes one machine at a time.",
    default: "1",
    examples: [0],
  },
  stop_grace_period: {
    type: scalar("a time", "3m", parseDuration),
    shownType: "time",
    unit: "seconds, or a duration like 1m30s",
    description: "How long the machine may take to stop before it is killed.",
    absent:
      `the machine's \`stop_timeout\`, or ${deployDefaults.stopTimeout} s, ` +
      `and ${deployDefaults.loaderTime} s more`,
    examples: ["3m"],
  },
  log_driver: {
    type: text("a log driver", "journald", parseStoredName),
    shownType: "log driver",
    description:
      "Where the machine's console goes: a log driver of the node's engine. `berth logs` reads " +
      "`json-file`, `local` and `journald`.",
    absent: "the node's own",
    examples: ["journald"],
  },
  log_options: {
    type: textMap,
    shownType: "map",
    description: "Options of the log driver; they need `log_driver`.",
    absent: "none",
    examples: [{ "max-size": "10m" }],
  },
  image: {
    type: text("an image", "berth-loader:1", parseReference),
    shownType: "image",
    description:
      "The loader's image, which `berth loader image` makes. The node must have it, or find it in its " +
      "registry.",
    absent: "`berth-loader:` with berth's version",
    examples: ["registry.example:5000/berth-loader:1"],
  },
  restart: {
    type: map(restartKeys),
    shownType: "map",
    description: "When the swarm restarts the machine.",
    absent: "always, after 5 s",
  },
  update: {
    type: map(updateKeys),
    shownType: "map",
    description: "How a changed machine replaces the old one.",
    absent: "Docker's defaults",
  },
  rollback: {
    type: map(rollbackKeys),
    shownType: "map",
    description: "How the swarm restores the old machine.",
    absent: "Docker's defaults",
  },
  resources: {
    type: map(resourceKeys),
    shownType: "map of `limits` and `reservations`",
    description:
      "Resources of the service on its node. Limits apply only to the loader, the machine has its own " +
      "(`memory`, `cpus` …); the scheduler uses reservations.",
    absent: "none",
    examples: [{ limits: { memory: "128M" }, reservations: { memory: "1G", cpus: 1 } }],
  },
  secrets: filesKey({
    what: "secret",
    description: "Secrets of the swarm that the machine gets, as files and as systemd credentials.",
    directory: "/run/secrets",
    prefix: "",
    example: "tls.key",
  }),
  configs: filesKey({
    what: "config",
    description: "Configs of the swarm that the machine gets, as files.",
    directory: "/",
    prefix: "/",
    example: "/etc/app.conf",
  }),
};

/** A `deploy` section. */
export const deployType = map(deployKeys, { check: checkLog });

/** Whether a log driver that could not be read was meant is not asked. */
function* checkLog(
  written: readonly string[],
  { log_options: options }: { readonly log_options?: unknown },
  path: Problem["path"],
): Generator<Problem> {
  if (options !== undefined && !written.includes("log_driver"))
    yield problem([...path, "log_options"], "log_options without log_driver (example: log_driver: journald)");
}

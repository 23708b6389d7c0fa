import { defaults, restartPolicies } from "#machinefile/machine.ts";
import { entries } from "#machinefile/type/entries.ts";
import { list } from "#machinefile/type/list.ts";
import { choice, scalar, text } from "#machinefile/type/scalar.ts";
import { parseDuration } from "#machinefile/value/duration.ts";
import {
  parseLabel,
  parseLabelName,
  parseVariable,
  parseVariableName,
  resolveEntries,
} from "#machinefile/value/environment.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { parseName } from "#machinefile/value/name.ts";
import { machineKey } from "./machine-key.ts";

/** How a machine starts, runs and stops. */
export const lifeKeys = {
  command: machineKey("command", {
    type: list("words", text("a word", "/sbin/init", parseWord), {
      empty: "empty command (example: [/sbin/init]; without the key it is the image's own)",
    }),
    shownType: "list of text",
    description: "The init and its arguments.",
    absent: "the image's own",
    examples: [["/sbin/init", "--log-target=console"]],
    option: { value: "INIT", repeat: true, description: "init and its arguments, each its own option" },
    label: { form: "list", also: ["entrypoint"] },
  }),
  environment: machineKey("environment", {
    type: entries({ what: "variables", parse: parseVariable, parseName: parseVariableName }),
    shownType: "map, or list of NAME=value",
    description:
      "Variables of the init. One without a value gets berth's own, and is left out if that is not set.",
    absent: "none",
    examples: [{ LANG: "C.UTF-8" }, ["LANG=C.UTF-8", "TZ"]],
    isMerged: true,
    resolve: (written = [], { environment }) => resolveEntries(written, environment),
    option: {
      name: "env",
      short: "e",
      value: "NAME=VALUE",
      repeat: true,
      description: "variable for init",
    },
    label: { form: "list", also: ["env"] },
  }),
  depends_on: machineKey("dependsOn", {
    type: list("machines", text("a machine", "db", parseName)),
    shownType: "list of machines",
    description: "Machines that must have booted before this one starts.",
    absent: "none",
    examples: [["db"]],
    // A swarm knows no order among services.
    resolve: (written, { hasRoot }) => (hasRoot ? [] : (written ?? [])),
  }),
  restart: machineKey("restart", {
    type: choice(restartPolicies),
    description: "When the engine restarts the machine by itself.",
    default: defaults.restart,
    examples: ["always"],
    resolve: (written) => written ?? defaults.restart,
    option: { value: "POLICY", description: "when the engine starts it again" },
  }),
  stop_timeout: machineKey("stopTimeout", {
    type: scalar("a time", "90s", parseDuration),
    shownType: "time",
    unit: "seconds, or a duration like 1m30s",
    description: "How long the init may take to stop before it is killed.",
    absent: "the engine's (10 s); 90 s with a `root`",
    examples: [90, "1m30s"],
    option: { value: "SECONDS", description: "time to shut down before it is killed" },
    label: { form: "value" },
  }),
  labels: machineKey("labels", {
    type: entries({ what: "labels", parse: parseLabel, parseName: parseLabelName }),
    shownType: "map, or list of key=value",
    description: "Labels of the container. `berth.` is reserved.",
    absent: "none",
    examples: [{ team: "mail" }],
    isMerged: true,
    resolve: (written = []) => resolveEntries(written, {}),
    option: {
      name: "label",
      short: "l",
      value: "NAME=VALUE",
      repeat: true,
      description: "label for the container",
    },
    label: {
      form: "flags",
      render: (labels) => Object.entries(labels).map(([name, value]) => `label=${name}=${value}`),
    },
  }),
};

function parseWord(text: string): string {
  if (text.includes("\0")) throw invalid("word", text, "example: /sbin/init; no NUL");
  return text;
}

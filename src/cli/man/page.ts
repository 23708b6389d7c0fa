import { paragraphs, usageOf } from "#cli/frame/build-command.ts";
import { helpGroups } from "#cli/frame/command.ts";
import type { CommandNode } from "#cli/frame/command-tree.ts";
import type { OptionSpec } from "#cli/frame/option-spec.ts";
import { describeOption, longFlag } from "#cli/frame/option-values.ts";
import { bold, italic, prose, roffArgument, roffText, section, tagged, verbatim } from "./roff.ts";

export interface ManPage {
  /** `berth.1`, `berth-engine-start.1` */
  readonly file: string;
  /** man(7) source. */
  readonly text: string;
}

const exitStatus: readonly (readonly [string, string])[] = [
  ["0", "Done."],
  ["1", "Failed, or an output could not be written."],
  ["2", "The command line or a file is wrong."],
  ["3", "No engine can be reached, or the connection to it was lost."],
  ["4", "What was named does not exist."],
  ["5", "A machine did not boot, or booted with failed units, or took too long."],
  ["130", "Interrupted."],
  ["141", "The reader of its output has gone."],
];

const about = `berth runs whole Linux machines on Docker: the distribution's own init as PID 1,
without \\-\\-privileged, and on hosts that can, with a root that is nobody on the host.
A machine has a name that the others know, a fixed address, a journal, limits, and shuts down cleanly.`;

/** The page of a command, or of berth itself for the root. `version` stands in the footer. */
export function renderManPage(node: CommandNode, version: string): ManPage {
  const name = ["berth", ...node.path].join("-");
  const footer = roffArgument(`berth ${version}`);
  const title = `${roffArgument(name.toUpperCase())} 1 "" ${footer} "User Commands"`;
  const header = `.TH ${title}\n.nh\n.ad l\n`;
  const text = header + (node.definition === undefined ? mainPage(node) : commandPage(node, name));
  return { file: `${name}.1`, text };
}

function mainPage(root: CommandNode): string {
  const commands = helpGroups
    .map((group) => {
      const own = root.children.filter((child) => child.entry?.group === group);
      return own.length === 0 ? "" : `.SS ${group}\n${own.map(commandLine).join("")}`;
    })
    .join("");
  return [
    section("NAME", "berth \\- run whole Linux machines on Docker\n"),
    section("SYNOPSIS", `.B berth\n${roffText("[OPTIONS] COMMAND [ARGUMENTS]")}\n`),
    section("DESCRIPTION", `.PP\n${about}\n`),
    section("COMMANDS", commands),
    section(
      "OPTIONS",
      `These stand before or after a command.\n${options(root.globals)}${helpAndVersion(true)}`,
    ),
    section("EXIT STATUS", exitStatus.map(([status, meaning]) => tagged(bold(status), meaning)).join("")),
    section(
      "ENVIRONMENT",
      tagged(bold("DOCKER_HOST"), "Engine to talk to when neither --host nor --context names one.") +
        tagged(bold("NO_COLOR"), "No colours when set and not empty."),
    ),
    section("FILES", tagged(bold("berth.yaml"), "The machine file, looked for in the working directory.")),
    section("SEE ALSO", seeAlso(root.children)),
  ].join("");
}

function commandPage(node: CommandNode, name: string): string {
  const { definition } = node;
  if (definition === undefined) return "";
  const args = node.arguments
    .map((argument) => tagged(bold(argument.name.toUpperCase()), describeOption(argument)))
    .join("");
  const examples = definition.examples
    .map((example) => `.PP\n${roffText(example.description)}:\n${verbatim(example.command)}`)
    .join("");
  const parent = ["berth", ...node.path.slice(0, -1)].join("-");
  return [
    section("NAME", `${roffText(name)} \\- ${roffText(definition.summary)}\n`),
    section(
      "SYNOPSIS",
      `.B ${roffText(["berth", ...node.path].join(" "))}\n${roffText(usageOf(definition))}\n`,
    ),
    section("DESCRIPTION", prose(paragraphs(definition.description))),
    section("COMMANDS", node.children.map(commandLine).join("")),
    section("ARGUMENTS", args),
    section(
      "OPTIONS",
      [
        options(node.options),
        helpAndVersion(false),
        `Also takes the options of ${reference("berth")}.\n`,
      ].join(""),
    ),
    section("EXAMPLES", examples),
    section("SEE ALSO", `${[reference(parent), ...node.children.map(pageOf)].join(", ")}\n`),
  ].join("");
}

function commandLine(node: CommandNode): string {
  const names = [node.path.join(" "), ...node.aliases].map(bold).join(", ");
  return tagged(names, `${node.summary}.`);
}

function options(specs: Readonly<Record<string, OptionSpec>>): string {
  return Object.entries(specs)
    .map(([key, spec]) => {
      const flags = [...(spec.short ? [`-${spec.short}`] : []), longFlag(key)].map(bold).join(", ");
      return tagged(spec.value ? `${flags} ${italic(spec.value)}` : flags, sentence(describeOption(spec)));
    })
    .join("");
}

function helpAndVersion(withVersion: boolean): string {
  const help = tagged(`${bold("-h")}, ${bold("--help")}`, "Show help.");
  const version = tagged(`${bold("-v")}, ${bold("--version")}`, "Show the version and exit.");
  return `${help}${withVersion ? version : ""}.PP\n`;
}

function seeAlso(children: readonly CommandNode[]): string {
  return `${[...children.map(pageOf), reference("docker"), reference("systemd")].join(",\n")}\n`;
}

function pageOf({ path }: CommandNode): string {
  return reference(["berth", ...path].join("-"));
}

function reference(page: string): string {
  return `${bold(page)}(1)`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

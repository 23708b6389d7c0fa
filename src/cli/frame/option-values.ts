import { type Command, Option } from "commander";
import { BerthError, hasCode } from "#errors.ts";
import type { ArgumentSpec, OptionSpec } from "./option-spec.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `noTrunc` → `--no-trunc`. */
export function longFlag(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `-i, --image <IMAGE>`, as commander takes it. */
function flagsOf(key: string, spec: OptionSpec): string {
  return `${spec.short ? `-${spec.short}, ` : ""}${longFlag(key)}${spec.value ? ` <${spec.value}>` : ""}`;
}

/** The description with its choices, default and variable in brackets. */
export function describeOption(spec: OptionSpec | ArgumentSpec): string {
  const facts = [
    ...(spec.choices ? [spec.choices.join(", ")] : []),
    ...("default" in spec ? [`default ${spec.default}`] : []),
    ...(spec.env ? [`or $${spec.env}`] : []),
    ...("repeat" in spec && spec.repeat ? ["repeatable"] : []),
  ];
  return facts.length > 0 ? `${spec.description} (${facts.join("; ")})` : spec.description;
}

/**
 * The commander option of a definition. berth reads defaults and variables itself: commander would use the
 * real environment.
 */
export function commanderOption(key: string, spec: OptionSpec): Option {
  const option = new Option(flagsOf(key, spec), describeOption(spec)).hideHelp(spec.hidden ?? false);
  if (spec.value) {
    option.argParser((text: string, before: unknown) => {
      const value = convert(longFlag(key), spec, text);
      return spec.repeat ? [...(Array.isArray(before) ? before : []), value] : value;
    });
  }
  return option;
}

/**
 * An option's value: from the command line, else its variable, else its default. A switch that is not given
 * is false.
 */
export function parseOption(command: Command, key: string, spec: OptionSpec, env: Environment): unknown {
  for (const name of [key, ...(spec.formerly ?? [])]) {
    const negated = /^no[A-Z]/.test(name);
    const attribute = negated ? name.charAt(2).toLowerCase() + name.slice(3) : name;
    if (command.getOptionValueSource(attribute) !== "cli") continue;
    const value: unknown = command.getOptionValue(attribute);
    return negated ? value === false : value;
  }
  const text = spec.env === undefined ? undefined : env[spec.env];
  if (spec.env !== undefined && text !== undefined && text !== "") {
    const name = `$${spec.env}`;
    if (!spec.value) return truth(name, text);
    return spec.repeat ? split(text).map((word) => convert(name, spec, word)) : convert(name, spec, text);
  }
  if (spec.default !== undefined) return convert(longFlag(key), spec, spec.default);
  if (!spec.value) return false;
  return spec.repeat ? [] : undefined;
}

/** An argument's value, checked; `given` is what commander found for it, `hint` helps when it is missing. */
export function parseArgument(
  spec: ArgumentSpec,
  given: string | readonly string[] | undefined,
  env: Environment,
  hint: string,
): unknown {
  const variable = spec.env === undefined ? "" : (env[spec.env] ?? "");
  const words = given === undefined ? [] : typeof given === "string" ? [given] : given;
  const found = words.length > 0 || variable === "" ? words : spec.variadic ? split(variable) : [variable];
  if (found.length === 0 && spec.required !== false) {
    throw new BerthError("usage", `missing argument ${spec.name.toUpperCase()}`, { hint });
  }
  for (const word of found) checkChoice(spec.name.toUpperCase(), spec.choices, word);
  return spec.variadic ? found : found[0];
}

function convert(name: string, spec: OptionSpec, text: string): unknown {
  checkChoice(name, spec.choices, text);
  try {
    return spec.parse ? spec.parse(text) : text;
  } catch (error) {
    if (!hasCode(error, "usage")) throw error;
    const { message, hint, details } = error;
    throw new BerthError("usage", `${name}: ${message}`, {
      cause: error,
      details,
      ...(hint !== undefined && { hint }),
    });
  }
}

function checkChoice(name: string, choices: readonly string[] | undefined, text: string): void {
  if (choices === undefined || choices.includes(text)) return;
  throw new BerthError("usage", `invalid value "${text}" for ${name}`, {
    hint: `Give one of: ${choices.join(", ")}.`,
    details: { name, value: text, choices },
  });
}

function truth(name: string, text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new BerthError("usage", `invalid value "${text}" for ${name}`, { hint: "Set it to 1 or 0." });
}

function split(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

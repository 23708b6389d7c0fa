import { BerthError } from "#errors.ts";
import { isJsonObject } from "#json-object.ts";
import { parseConfig, renderConfig } from "./json.ts";

/** What berth writes into dockerd's daemon.json (dockerd(8), "runtimes" and "default-runtime"). */
export interface RuntimeEntry {
  readonly name: string;
  /** Absolute path of the launcher. */
  readonly path: string;
  /** Whether containers that name no runtime get this one. */
  readonly makeDefault: boolean;
}

type Settings = Record<string, unknown>;

/**
 * daemon.json with the runtime in it and everything else as it was; an undefined text is a file that does not
 * exist. The same text comes back when nothing had to change. Throws `file-invalid` for what dockerd would
 * not read either.
 */
export function addRuntime(text: string | undefined, entry: RuntimeEntry, file: string): string {
  const settings = parseSettings(text, file);
  const runtimes = runtimesOf(settings, file);
  const changed: Settings = {
    ...settings,
    runtimes: { ...runtimes, [entry.name]: { path: entry.path } },
    ...(entry.makeDefault ? { "default-runtime": entry.name } : {}),
  };
  return text !== undefined && renderConfig(changed) === renderConfig(settings)
    ? text
    : render(changed, text);
}

/**
 * daemon.json without the runtime; undefined when nothing else is left in it. `before` is the file as it was
 * before the runtime came: its default runtime comes back, and its very text where nothing else was changed
 * since.
 */
export function removeRuntime(
  text: string | undefined,
  name: string,
  before: string | undefined,
  file: string,
): string | undefined {
  const settings = parseSettings(text, file);
  const registered = runtimesOf(settings, file);
  if (text !== undefined && !Object.hasOwn(registered, name) && settings["default-runtime"] !== name)
    return text;
  const { [name]: _gone, ...runtimes } = registered;
  const { runtimes: _, "default-runtime": chosen, ...rest } = settings;
  const earlier = before === undefined ? undefined : parseSettings(before, file)["default-runtime"];
  const left: Settings = {
    ...rest,
    ...(Object.keys(runtimes).length > 0 ? { runtimes } : {}),
    ...(chosen !== undefined && chosen !== name ? { "default-runtime": chosen } : {}),
    ...(chosen === name && earlier !== undefined && earlier !== name ? { "default-runtime": earlier } : {}),
  };
  if (before !== undefined && canonical(parseSettings(before, file)) === canonical(left)) return before;
  return Object.keys(left).length === 0 ? undefined : render(left, text);
}

/**
 * The settings that make a running dockerd forget a runtime which the file (undefined for none) no longer
 * has: on SIGHUP it keeps runtimes and the default that the file omits.
 */
export function forgetRuntimes(text: string | undefined, file: string): string {
  return render({ runtimes: {}, "default-runtime": "runc", ...parseSettings(text, file) }, text);
}

function canonical(settings: Settings): string {
  return renderConfig(Object.fromEntries(Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function parseSettings(text: string | undefined, file: string): Settings {
  if (text === undefined || text.trim() === "") return {};
  let value: unknown;
  try {
    value = parseConfig(text);
  } catch (cause) {
    throw new BerthError(
      "file-invalid",
      `${file}: invalid JSON (file unchanged): ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: "correct it (dockerd --validate --config-file FILE), then run this again",
        cause,
      },
    );
  }
  if (!isJsonObject(value))
    throw new BerthError("file-invalid", `${file}: must be a JSON object (file unchanged)`, {
      hint: "correct it, then run this again",
    });
  return value;
}

function runtimesOf(settings: Settings, file: string): Settings {
  const runtimes = settings.runtimes ?? {};
  if (!isJsonObject(runtimes))
    throw new BerthError("file-invalid", `${file}: "runtimes" must be a JSON object (file unchanged)`, {
      hint: "correct it, then run this again",
    });
  return runtimes;
}

/** In the indentation that the file has. */
function render(settings: Settings, like: string | undefined): string {
  const indent = /^\{\r?\n([ \t]+)/.exec(like ?? "")?.[1] ?? "  ";
  return `${renderConfig(settings, indent)}\n`;
}

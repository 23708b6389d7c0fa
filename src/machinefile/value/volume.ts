import { invalid } from "./invalid.ts";
import { normalizePath } from "./path.ts";

/**
 * Something mounted into a machine: a path of the host (`bind`), a named volume of the engine (`volume`),
 * or a volume that lives and dies with the machine (`anonymous`, the one without a source).
 */
export interface VolumeSpec {
  readonly kind: "bind" | "volume" | "anonymous";
  /** A host path (as written until `resolvePaths`) or a volume's name. */
  readonly source?: string;
  /** An absolute path in the machine, in its shortest form, never `/`. */
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * A volume as Docker writes it: `/target`, `name:/target`, `/host:/target`, `./host:/target`,
 * `~/host:/target`; each with `:ro` or `:rw` after a source.
 */
export function parseVolume(text: string): VolumeSpec {
  const parts = text.split(":");
  if (parts.length > 3) throw refusal(text, "[SOURCE:]TARGET[:ro]");
  const [source, target, mode] = parts.length === 1 ? [undefined, text, undefined] : parts;
  if (source !== undefined && target !== undefined && (target === "ro" || target === "rw")) {
    throw refusal(text, `SOURCE:TARGET:${target}`);
  }
  const where = { target: parseTarget(target ?? "", text), readOnly: parseMode(mode, text) };
  if (source === undefined) return { kind: "anonymous", ...where };
  return { kind: sourceKind(source, text), source, ...where };
}

/** A volume as `parseVolume` reads it. */
export function renderVolume({ source, target, readOnly }: VolumeSpec): string {
  return source === undefined ? target : `${source}:${target}${readOnly ? ":ro" : ""}`;
}

function refusal(whole: string, rule: string, suggestion?: string) {
  return invalid("volume", whole, `example: data:/srv or ./conf:/etc/app:ro; ${rule}`, suggestion);
}

function sourceKind(source: string, whole: string): "bind" | "volume" {
  if (source.includes("\0")) throw refusal(whole, "no NUL");
  if (source === "~" || source === "." || source === ".." || /^(?:~?|\.{1,2})\//.test(source)) return "bind";
  if (source.startsWith("~")) throw refusal(whole, "your own home alone, ~/…");
  if (source.includes("/")) throw refusal(whole, "a relative path starts with ./ or ../", `./${whole}`);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(source)) {
    throw refusal(whole, 'a name of two or more letters, digits, "_", "." and "-"');
  }
  return "volume";
}

function parseTarget(target: string, whole: string): string {
  if (target.includes("\0")) throw refusal(whole, "no NUL");
  if (!target.startsWith("/")) throw refusal(whole, "an absolute path in the machine");
  if (target.split("/").includes("..")) throw refusal(whole, 'a path without ".."');
  const path = normalizePath(target);
  if (path === "/") throw refusal(whole, "not over the machine's own root");
  return path;
}

function parseMode(mode: string | undefined, whole: string): boolean {
  if (mode === undefined || mode === "rw") return false;
  if (mode === "ro") return true;
  throw refusal(whole, "ro or rw at the end");
}

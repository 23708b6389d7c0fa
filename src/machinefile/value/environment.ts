import { invalid } from "./invalid.ts";

/** One variable or label; without a value, a variable takes the caller's. */
export interface Entry {
  readonly name: string;
  readonly value?: string;
}

/** A variable as `NAME=value`, or `NAME` alone to pass the caller's on. */
export function parseVariable(text: string): Entry {
  const entry = splitEntry(text);
  parseVariableName(entry.name);
  return entry;
}

/**
 * A variable's name that an init keeps: letters, digits and `_`, no digit first (systemd.exec(5),
 * Environment=).
 */
export function parseVariableName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const near = name.replace(/[-. ]/g, "_");
    throw invalid(
      "variable name",
      name,
      'example: LANG; letters, digits and "_", no digit first',
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(near) ? near : undefined,
    );
  }
  return name;
}

/** A label as `key=value`; `key` alone has the empty value, as with `docker run --label`. */
export function parseLabel(text: string): Entry {
  const { name, value = "" } = splitEntry(text);
  return { name: parseLabelName(name), value };
}

/** A label's key: not empty, no space or `=`, and outside of `berth.`, which holds berth's own state. */
export function parseLabelName(name: string): string {
  if (!/^[^\s=]+$/.test(name)) throw invalid("label key", name, 'example: team; no space and no "="');
  if (name.startsWith("berth.")) throw invalid("label key", name, 'example: team; "berth." is reserved');
  return name;
}

/**
 * The entries as a record, the last of a name winning; those without a value take the caller's, or drop out
 * when it has none.
 */
export function resolveEntries(
  entries: Iterable<Entry>,
  caller: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const resolved = new Map<string, string>();
  for (const { name, value } of entries) {
    const actual = value ?? (Object.hasOwn(caller, name) ? caller[name] : undefined);
    if (actual === undefined) resolved.delete(name);
    else resolved.set(name, actual);
  }
  return Object.fromEntries(resolved);
}

function splitEntry(text: string): Entry {
  const equals = text.indexOf("=");
  return equals < 0 ? { name: text } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

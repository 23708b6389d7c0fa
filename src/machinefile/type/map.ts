import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import { unknownKey } from "./unknown-key.ts";
import { expected, type JsonSchema, type Key, type Keys, type ValueType } from "./value-type.ts";

/** What was written under some keys and could be read. */
export type Fields<K extends Keys> = {
  readonly [N in keyof K]?: K[N] extends Key<infer T> ? T : never;
};

/** A type whose values are maps with known keys. */
export interface MapType<K extends Keys> extends ValueType<Fields<K>> {
  readonly keys: K;
}

/** Checks the map as a whole, for problems of several keys together. */
type Check<K extends Keys> = (written: readonly string[], fields: Fields<K>, path: Path) => Iterable<Problem>;

/** A map with these keys. A key that cannot be read is left out, so that no fault hides another. */
export function map<const K extends Keys>(
  keys: K,
  { check, schema = {} }: { readonly check?: Check<K>; readonly schema?: JsonSchema } = {},
): MapType<K> {
  return {
    keys,
    schema: { ...mapSchema(keys), ...schema },
    read(raw, path, problems) {
      const written = parseMap(raw, path, problems);
      if (written === undefined) return undefined;
      const fields = parseFields(keys, written, path, problems);
      if (check !== undefined) problems.push(...check(Object.keys(written), fields, path));
      return fields;
    },
  };
}

/** Plain data as a map, with nothing as an empty one; undefined and a problem for anything else. */
export function parseMap(
  raw: unknown,
  path: Path,
  problems: Problem[],
): Readonly<Record<string, unknown>> | undefined {
  if (raw === null || raw === undefined) return {};
  if (typeof raw === "object" && !Array.isArray(raw)) return raw as Readonly<Record<string, unknown>>;
  problems.push(problem(path, expected("a map", raw)));
  return undefined;
}

/** Reads a map key by key; those that are unknown or cannot be read are problems, and left out. */
export function parseFields<K extends Keys>(
  keys: K,
  written: Readonly<Record<string, unknown>>,
  path: Path,
  problems: Problem[],
): Fields<K> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(written)) {
    const at = [...path, name];
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      problems.push(unknownKey(name, Object.keys(keys), at));
      continue;
    }
    const read = key.type.read(value, at, problems);
    if (read !== undefined) fields[name] = read;
  }
  // Each value is of its own key's type, which the loop cannot express.
  return fields as Fields<K>;
}

/** The JSON Schema of a map with these keys, these maps in it, and nothing else. */
export function mapSchema(keys: Keys, sections: JsonSchema = {}): JsonSchema {
  const properties = Object.entries(keys).map(([name, key]) => [name, keySchema(key)] as const);
  return {
    type: "object",
    properties: { ...Object.fromEntries(properties), ...sections },
    additionalProperties: false,
  };
}

function keySchema({ type, description, default: otherwise, examples }: Key<unknown>): JsonSchema {
  return {
    ...type.schema,
    description,
    ...(otherwise === undefined ? {} : { default: otherwise }),
    ...(examples === undefined ? {} : { examples }),
  };
}

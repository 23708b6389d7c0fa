import type { DeviceRequest } from "#api/host-config.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { suggest } from "#suggest.ts";
import { parseCsv } from "./csv.ts";
import { mergeDeep } from "./deep-merge.ts";
import { parseEntry, parseInteger, splitAssignment } from "./literal.ts";

const keys: Readonly<Record<string, (text: string) => DeviceRequest>> = {
  driver: (Driver) => ({ Driver }),
  count: (text) => ({ Count: text === "all" ? -1 : parseInteger(text) }),
  device: (text) => ({ DeviceIDs: text.split(",") }),
  capabilities: (text) => ({ Capabilities: [[...text.split(","), "gpu"]] }),
  options: (text) => ({ Options: parseCsv(text).map(parseEntry).reduce(mergeDeep, {}) }),
};

/** `--gpus`: `all`, a number, or `device=0,driver=…,"capabilities=a,b"`. */
export function parseGpusFlag(text: string): DeviceRequest {
  const fields = parseCsv(text).map((field) =>
    field.includes("=") ? splitAssignment(field) : (["count", field] as const),
  );
  const twice = fields.find(([key], index) => fields.findIndex(([other]) => other === key) < index);
  if (twice !== undefined) throw invalid("GPU request", text, `example: all; duplicate key "${twice[0]}"`);
  const pieces = fields.map(([key, value]) => {
    const read = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (read === undefined)
      throw invalid(
        "GPU key",
        key,
        `one of: ${Object.keys(keys).join(", ")}`,
        suggest(key, Object.keys(keys)),
      );
    return read(value);
  });
  const { Count, Capabilities = [["gpu"]], Options = {}, ...rest } = pieces.reduce(mergeDeep, {});
  return { Count: Count ?? (rest.DeviceIDs === undefined ? 1 : 0), Capabilities, Options, ...rest };
}

import { invalid } from "#machinefile/value/invalid.ts";
import { suggest } from "#suggest.ts";
import { parseAnyAddress, parseIPv4, parseIPv6, parseMac } from "./address.ts";
import { parseCsv } from "./csv.ts";
import { mergeDeep } from "./deep-merge.ts";
import { parseInteger, splitAssignment } from "./literal.ts";

/** A network that a container is put on, and how. */
export interface Attachment {
  /** A network's name or id, or one of the engine's modes. */
  readonly target: string;
  readonly aliases?: readonly string[];
  readonly links?: readonly string[];
  readonly address?: string;
  readonly address6?: string;
  readonly linkLocal?: readonly string[];
  readonly mac?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** The network with the highest is the default gateway. */
  readonly priority?: number;
}

const keys: Readonly<Record<string, (text: string) => Partial<Attachment>>> = {
  name: (target) => ({ target }),
  alias: (alias) => ({ aliases: [alias] }),
  ip: (text) => ({ address: parseIPv4(text) }),
  ip6: (text) => ({ address6: parseIPv6(text) }),
  "mac-address": (text) => ({ mac: parseMac(text) }),
  "link-local-ip": (text) => ({ linkLocal: [parseAnyAddress(text)] }),
  "driver-opt": (text) => {
    const [key, value] = splitAssignment(text);
    if (key === "" || !text.includes("="))
      throw invalid("driver option", text, "example: driver-opt=NAME=VALUE");
    return { driverOptions: { [key.trim()]: value.trim() } };
  },
  "gw-priority": (text) => ({ priority: parseInteger(text) }),
};

/**
 * `--network`: a name, or `name=NAME,alias=…,ip=…,driver-opt=…=…`, in which docker takes no notice of letter
 * case.
 */
export function parseNetworkFlag(text: string): Attachment {
  if (!/\w=\w/.test(text)) {
    if (text.trim() === "") throw invalid("network", text, "example: web");
    return { target: text };
  }
  const pieces = parseCsv(text).map((field) => {
    const [key, value] = splitAssignment(field.toLowerCase()).map((part) => part.trim());
    const read = Object.hasOwn(keys, key ?? "") ? keys[key ?? ""] : undefined;
    if (read === undefined)
      throw invalid(
        "network key",
        key ?? "",
        `one of: ${Object.keys(keys).join(", ")}`,
        suggest(key ?? "", Object.keys(keys)),
      );
    return read(value ?? "");
  });
  const { target = "", ...rest } = pieces.reduce(mergeDeep, {});
  if (target === "") throw invalid("network", text, "example: name=web,alias=db; the name is missing");
  return { target, ...rest };
}

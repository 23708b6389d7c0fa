import type { CreateBody } from "#api/create-body.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { isAddress } from "./address.ts";
import { parseChoice, splitAssignment } from "./literal.ts";

const protocols = ["tcp", "udp", "sctp"] as const;

interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * `--publish`: `[[ADDRESS:][HOST]:]PORT[/PROTOCOL]` with ranges, or
 * `target=PORT,published=HOST,protocol=PROTOCOL`. Unlike in a machine file, a lone port leaves the host's to
 * the engine; a range for one port gives the engine the choice within it.
 */
export function parsePublishFlag(text: string): CreateBody {
  const { address, outside, inside } = splitPublished(text.includes("=") ? plainForm(text) : text);
  const { ports, protocol } = parsePorts(inside, text);
  const own = outside === "" ? undefined : parseRange(outside, text);
  const count = ports.last - ports.first + 1;
  if (own !== undefined && count > 1 && own.last - own.first + 1 !== count) {
    throw invalid("port", text, "example: 8000-8001:80-81; host and container ranges must have one length");
  }
  if (address !== "" && !isAddress(address))
    throw invalid("address in the port", text, "example: 127.0.0.1:8080:80");
  const bindings = eachOf(ports).map((port, index) => {
    const HostPort =
      own === undefined
        ? ""
        : count === 1 && own.last > own.first
          ? `${own.first}-${own.last}`
          : String(own.first + index);
    return [`${port}/${protocol}`, [{ HostIp: address, HostPort }]] as const;
  });
  return { ...exposed(ports, protocol), HostConfig: { PortBindings: Object.fromEntries(bindings) } };
}

/** `--expose`: `PORT[/PROTOCOL]` or a range. */
export function parseExposeFlag(text: string): CreateBody {
  const { ports, protocol } = parsePorts(text, text);
  return exposed(ports, protocol);
}

function exposed(ports: Range, protocol: string): CreateBody {
  return { ExposedPorts: Object.fromEntries(eachOf(ports).map((port) => [`${port}/${protocol}`, {}])) };
}

function eachOf({ first, last }: Range): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function plainForm(text: string): string {
  const given = new Map(text.split(",").map((part) => splitAssignment(part)));
  for (const [key, value] of given) {
    if (value === "")
      throw invalid("port", text, `example: target=80,published=8080; "${key}" needs a value`);
    parseChoice(key, ["target", "published", "protocol"]);
  }
  return `${given.get("published") ?? ""}:${given.get("target") ?? ""}/${given.get("protocol") ?? "tcp"}`;
}

/** Everything before the last two parts is the address, an IPv6 one with or without brackets. */
function splitPublished(text: string): {
  readonly address: string;
  readonly outside: string;
  readonly inside: string;
} {
  const parts = text.split(":");
  const address = parts.slice(0, -2).join(":");
  return {
    address: address.replace(/^\[(.*)\]$/, "$1"),
    outside: parts.at(-2) ?? "",
    inside: parts.at(-1) ?? "",
  };
}

function parsePorts(text: string, whole: string): { readonly ports: Range; readonly protocol: string } {
  const [, range = "", protocol = "tcp"] = /^([^/]*)(?:\/(.+))?$/.exec(text) ?? [];
  return { ports: parseRange(range, whole), protocol: parseChoice(protocol.toLowerCase(), protocols) };
}

function parseRange(text: string, whole: string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last > 65535)
    throw invalid("port", whole, `example: 8080:80; "${text}" must be 0 to 65535, or a range 1000-1010`);
  if (last < first)
    throw invalid("port", whole, `example: 1000-1010; the range ${text} ends before it begins`);
  return { first, last };
}

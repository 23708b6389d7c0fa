import ipaddr from "ipaddr.js";
import { suggest } from "#suggest.ts";
import { invalid } from "./invalid.ts";

const protocols = ["tcp", "udp", "sctp"] as const;
export type Protocol = (typeof protocols)[number];

/** `count` consecutive ports: the host's from `hostPort` lead to the machine's from `port`. */
export interface Publish {
  /** The host's address to listen on, canonical and without brackets; every address when absent. */
  readonly address?: string;
  /** 0 lets the engine choose a free port (then `count` is 1). */
  readonly hostPort: number;
  readonly port: number;
  readonly count: number;
  readonly protocol: Protocol;
}

interface Range {
  readonly first: number;
  readonly count: number;
}

/**
 * A published port: `[[ADDRESS:]HOST:]PORT[/PROTOCOL]`, where HOST and PORT may be ranges `A-B` of one
 * length. A lone port is the same on both sides; HOST 0 or empty lets the engine choose; an IPv6 address
 * stands in brackets.
 */
export function parsePublish(input: string | number): Publish {
  const text = String(input).trim();
  const slash = text.indexOf("/");
  const protocol = parseProtocol(slash < 0 ? "tcp" : text.slice(slash + 1));
  const { address, ports } = splitAddress(slash < 0 ? text : text.slice(0, slash), text);
  const machine = parseRange(ports.at(-1) ?? "", text);
  const written = ports.length > 1 ? ports[0] : undefined;
  const chosen = written === "" || written === "0";
  const host = chosen ? { first: 0, count: 1 } : written === undefined ? machine : parseRange(written, text);
  if (host.count !== machine.count) {
    throw invalid(
      "port",
      text,
      `example: 1000-1010:2000-2010; as many ports on both sides, not ${host.count} and ${machine.count}`,
    );
  }
  return {
    ...(address === undefined ? {} : { address }),
    hostPort: host.first,
    port: machine.first,
    count: machine.count,
    protocol,
  };
}

/** A published port as `parsePublish` reads it, with both sides. */
export function renderPublish({ address, hostPort, port, count, protocol }: Publish): string {
  const range = (first: number) => (count === 1 ? String(first) : `${first}-${first + count - 1}`);
  const where = address === undefined ? "" : `${address.includes(":") ? `[${address}]` : address}:`;
  const both = where === "" && hostPort === port ? range(port) : `${where}${range(hostPort)}:${range(port)}`;
  return protocol === "tcp" ? both : `${both}/${protocol}`;
}

/**
 * Whether two published ports cannot exist together on one host: one protocol, common ports, and addresses
 * that do not keep them apart.
 */
export function publishesCollide(a: Publish, b: Publish): boolean {
  if (a.protocol !== b.protocol || a.hostPort === 0 || b.hostPort === 0) return false;
  if (a.hostPort >= b.hostPort + b.count || b.hostPort >= a.hostPort + a.count) return false;
  return addressesCollide(a.address, b.address);
}

function addressesCollide(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true;
  if (ipaddr.parse(a).kind() !== ipaddr.parse(b).kind()) return false;
  return a === "0.0.0.0" || b === "0.0.0.0" || a === "::" || b === "::";
}

function splitAddress(text: string, whole: string): { address?: string; ports: string[] } {
  const bracket = /^\[([^\]]*)\]:(.*)$/.exec(text);
  const parts = (bracket?.[2] ?? text).split(":");
  if (bracket === null && parts.length <= 2) {
    const [first, second] = parts;
    if (first !== undefined && second !== undefined && ipaddr.IPv4.isValidFourPartDecimal(first)) {
      const meant = `${first}:${second}:${second}`;
      throw invalid("port", whole, "example: 127.0.0.1:8080:80; after an address both ports", meant);
    }
    return { ports: parts };
  }
  const address = bracket === null ? parts.shift() : bracket[1];
  if (parts.length !== 2 || address === undefined) {
    throw invalid("port", whole, "example: 8080:80, 53:53/udp, 127.0.0.1:8080:80 or [::1]:8080:80");
  }
  const valid = bracket === null ? ipaddr.IPv4.isValidFourPartDecimal(address) : ipaddr.IPv6.isValid(address);
  if (!valid) throw invalid("address in the port", whole, "example: 127.0.0.1:8080:80 or [::1]:8080:80");
  return { address: ipaddr.parse(address).toString(), ports: parts };
}

function parseRange(text: string, whole: string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first < 1 || last > 65535)
    throw invalid("port", whole, "example: 8080:80; 1 to 65535, or a range 1000-1010");
  if (last < first)
    throw invalid(
      "port",
      whole,
      "example: 1000-1010; the lower end first",
      whole.replace(text, `${last}-${first}`),
    );
  return { first, count: last - first + 1 };
}

function parseProtocol(text: string): Protocol {
  const protocol = protocols.find((known) => known === text.toLowerCase());
  if (protocol === undefined)
    throw invalid("protocol", text, `one of: ${protocols.join(", ")}`, suggest(text, protocols));
  return protocol;
}

import { invalid } from "#machinefile/value/invalid.ts";
import {
  parseAnyAddress,
  parseExtraHost,
  parseIPv4,
  parseIPv6,
  parseMac,
  parseSearchDomain,
} from "./address.ts";
import { parseNetworkFlag } from "./attachment.ts";
import { host } from "./draft.ts";
import { type Flag, toggle, valued } from "./flag.ts";
import { parseExposeFlag, parsePublishFlag } from "./port-map.ts";

/** Networks, names and ports. */
export const networkFlags: readonly Flag[] = [
  valued("network", (text) => ({ networks: [parseNetworkFlag(text)] }), { formerly: "net" }),
  valued("network-alias", (alias) => ({ endpoint: { aliases: [alias] } }), { formerly: "net-alias" }),
  valued("ip", (text) => ({ endpoint: { address: parseIPv4(text) } })),
  valued("ip6", (text) => ({ endpoint: { address6: parseIPv6(text) } })),
  valued("link-local-ip", (text) => ({ endpoint: { linkLocal: [parseAnyAddress(text)] } })),
  valued("mac-address", (text) => ({ endpoint: { mac: parseMac(text) } })),
  valued("link", (text) => ({ endpoint: { links: [parseLink(text)] } })),
  valued("publish", (text) => ({ body: parsePublishFlag(text) }), { short: "p" }),
  toggle("publish-all", (PublishAllPorts) => host({ PublishAllPorts }), { short: "P" }),
  valued("expose", (text) => ({ body: parseExposeFlag(text) })),
  valued("add-host", (text) => host({ ExtraHosts: [parseExtraHost(text)] })),
  valued("dns", (text) => host({ Dns: [parseAnyAddress(text)] })),
  valued("dns-option", (option) => host({ DnsOptions: [option] }), { formerly: "dns-opt" }),
  valued("dns-search", (text) => host({ DnsSearch: [parseSearchDomain(text)] })),
];

function parseLink(text: string): string {
  if (!/^[^:]+(?::[^:]+)?$/.test(text))
    throw invalid("link", text, "CONTAINER or CONTAINER:ALIAS; example: db:database");
  return text;
}

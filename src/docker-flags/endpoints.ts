import type { CreateBody } from "#api/create-body.ts";
import type { EndpointConfig } from "#api/network.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { usageError } from "#usage.ts";
import type { Attachment } from "./attachment.ts";
import type { Draft } from "./draft.ts";

/** The flags that set the same as a key of `--network`, for the first network. */
const flagOf: Readonly<Record<keyof Omit<Attachment, "target">, string>> = {
  aliases: "--network-alias",
  links: "--link",
  address: "--ip",
  address6: "--ip6",
  linkLocal: "--link-local-ip",
  mac: "--mac-address",
  driverOptions: "driver-opt",
  priority: "gw-priority",
};

/**
 * The networks of a container: what `--network` asks for, and what the flags beside it ask of the first.
 * Throws `usage` where they disagree.
 */
export function endpointsBody({
  networks = [],
  endpoint = {},
}: Pick<Draft, "networks" | "endpoint">): CreateBody {
  const [main = { target: "default" }, ...others] = networks;
  const twice = Object.keys(flagOf).find((key) => Object.hasOwn(main, key) && Object.hasOwn(endpoint, key)) as
    | keyof typeof flagOf
    | undefined;
  if (twice !== undefined)
    throw usageError(`${flagOf[twice]}: cannot be combined with the same key of --network`);
  const { links, ...plain } = endpoint;
  // Links on the engine's default bridge are the container's, not the network's.
  const first: Attachment = {
    ...main,
    ...plain,
    ...(links !== undefined && isUserDefined(main.target) ? { links } : {}),
  };
  const all = [first, ...others];
  checkTargets(all);
  const endpoints = all.map((attachment) => [attachment.target, endpointOf(attachment)] as const);
  const isPlain = all.length === 1 && Object.keys(endpoints[0]?.[1] ?? {}).length === 0;
  const hostConfig = omitUndefined({ NetworkMode: networks[0]?.target, Links: links });
  return omitUndefined({
    HostConfig: Object.keys(hostConfig).length === 0 ? undefined : hostConfig,
    NetworkingConfig: isPlain ? undefined : { EndpointsConfig: Object.fromEntries(endpoints) },
    MacAddress: first.mac,
  });
}

/** Neither one of the engine's own networks nor another container's. */
function isUserDefined(target: string): boolean {
  return !["default", "bridge", "host", "none"].includes(target) && !target.startsWith("container:");
}

function checkTargets(attachments: readonly Attachment[]): void {
  const targets = attachments.map(({ target }) => target);
  const twice = targets.find((target, index) => targets.indexOf(target) < index);
  if (twice !== undefined) throw usageError(`--network: duplicate network "${twice}"`);
  const own = targets.find((target) => !isUserDefined(target));
  if (own !== undefined && targets.some(isUserDefined))
    throw usageError(`--network: "${own}" cannot be combined with user-defined networks`);
  if (attachments.some(({ target, aliases }) => aliases !== undefined && !isUserDefined(target))) {
    throw usageError("--network-alias: needs a user-defined network (example: --network=web)");
  }
}

function endpointOf(attachment: Attachment): EndpointConfig {
  const { aliases, links, address, address6, linkLocal, mac, driverOptions, priority } = attachment;
  const addresses = omitUndefined({ IPv4Address: address, IPv6Address: address6, LinkLocalIPs: linkLocal });
  return omitUndefined({
    IPAMConfig: Object.keys(addresses).length === 0 ? undefined : addresses,
    Links: links,
    Aliases: aliases,
    MacAddress: mac,
    DriverOpts: driverOptions,
    GwPriority: priority,
  });
}

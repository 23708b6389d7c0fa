import { joinedNetwork, type OciConfig } from "#oci/config.ts";

const pingRange = "net.ipv4.ping_group_range";
const domainName = "kernel.domainname";

/**
 * What the runtime cannot set from within the namespace: the files of some sysctls are the host's root's
 * alone.
 */
export function domainNameOf(config: OciConfig): string {
  return config.linux?.sysctl?.[domainName] ?? "";
}

/** Docker's defaults for every container; a joined network already has them. */
const engineSysctls = [pingRange, "net.ipv4.ip_unprivileged_port_start"];

/** Requested sysctls that a machine cannot set, since they belong to the network that it joins. */
export function lostSysctls(config: OciConfig): readonly string[] {
  const names = joinedNetwork(config) === undefined ? [] : Object.keys(config.linux?.sysctl ?? {});
  return names.filter((name) => isOfNetwork(name) && !engineSysctls.includes(name));
}

const isOfNetwork = (name: string) => /^net[./]/.test(name);

/**
 * Group ids of the host's that the namespace has none for cannot be named in it; nor can a joined network be
 * set up from it.
 */
export function patchSysctl(
  given: Record<string, string>,
  count: number,
  joins: boolean,
): Record<string, string> {
  const { [domainName]: _, ...others } = given;
  const sysctl = joins
    ? Object.fromEntries(Object.entries(others).filter(([name]) => !isOfNetwork(name)))
    : others;
  const [low = 0, high = 0] = (sysctl[pingRange] ?? "").split(/\s+/).map(Number);
  return sysctl[pingRange] === undefined
    ? sysctl
    : { ...sysctl, [pingRange]: `${low} ${Math.min(high, count - 1)}` };
}

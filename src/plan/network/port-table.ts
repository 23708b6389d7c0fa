import { BerthError } from "#errors.ts";
import type { Publish } from "#machinefile/value/publish.ts";
import { type AcceptMark, renderMark } from "./engine-wall.ts";
import { type Family, type ForwardTargets, families, isAnyAddress, isForwarded } from "./forwarding.ts";

/** Before Docker's own DNAT, which stands at -100 (nft(8), standard priority names: dstnat). */
const priority = -110;

/**
 * The nftables table that publishes for this name, and the comment of its accept rules. Throws `usage` for an
 * invalid name.
 */
export function tableName(name: string): string {
  if (!/^[a-z0-9]{1,24}$/.test(name))
    throw new BerthError("usage", `invalid table name "${name}" (example: guard0; 1 to 24 of a-z and 0-9)`);
  return `berth-${name}`;
}

/**
 * One line for `nft -i` that creates, in one transaction, a table that ends with that process. Packets to one
 * of the host's own addresses get the machine's address as destination and keep their source. It skips
 * packets from `bridges`, the interfaces towards the machine, since the answer would not return this way, and
 * loopback, whose addresses are invalid on any wire. `marks` are those by which an engine's own firewall lets
 * packets pass. Source: nft(8), owner flag since Linux 5.12.
 */
export function renderPortTable(
  name: string,
  publish: readonly Publish[],
  targets: ForwardTargets,
  bridges: readonly string[],
  marks: Readonly<Partial<Record<Family, AcceptMark>>> = {},
): string {
  const rules = families.flatMap((family) => {
    const target = targets[family];
    return target === undefined
      ? []
      : publish
          .filter((one) => isForwarded(one, family))
          .map((one) => renderRule(one, family, target, marks[family]));
  });
  const chain = (chainName: string, hook: string, first: readonly string[]) =>
    `chain ${chainName} { type nat hook ${hook} priority ${priority}; policy accept; ` +
    `${[...first, ...rules].join("; ")}; }`;
  const inner = ["lo", ...bridges].map((bridge) => `"${bridge}"`).join(", ");
  return `add table inet ${tableName(name)} { flags owner; ${[
    chain("from_outside", "prerouting", [`iifname { ${inner} } return`]),
    chain("from_host", "output", ["ip daddr 127.0.0.0/8 return", "ip6 daddr ::1 return"]),
  ].join("; ")}; }`;
}

function renderRule(one: Publish, family: Family, target: string, mark: AcceptMark | undefined): string {
  const { address, hostPort, port, count, protocol } = one;
  const ip = family === "ipv4" ? "ip" : "ip6";
  const match = [
    `meta nfproto ${family}`,
    "fib daddr type local",
    ...(isAnyAddress(address) ? [] : [`${ip} daddr ${address}`]),
  ];
  const ports = count === 1 ? `${hostPort}` : `${hostPort}-${hostPort + count - 1}`;
  const host = family === "ipv4" ? target : `[${target}]`;
  const to = hostPort === port ? target : `${host}${renderPort()}`;
  const marked = mark === undefined ? "" : `${renderMark(mark)} `;
  return `${match.join(" ")} ${protocol} dport ${ports} ${marked}dnat ${ip} to ${to}`;

  // A range as the destination's port would be one that the kernel chooses from, not the one at the same
  // offset.
  function renderPort(): string {
    if (count === 1) return `:${port}`;
    const elements = Array.from({ length: count }, (_, offset) => `${hostPort + offset} : ${port + offset}`);
    return ` : ${protocol} dport map { ${elements.join(", ")} }`;
  }
}

/**
 * Which of the host's ports lead to a machine by tables of ours, in what nft lists (`nft -n list ruleset
 * inet`).
 */
export function parsePortTables(
  listing: string,
): readonly { readonly name: string; readonly publish: readonly Publish[] }[] {
  return [...listing.matchAll(/^table inet berth-([a-z0-9]{1,24}) \{[^\n]*\n(.*?)^\}/gms)].map(
    ([, name = "", body = ""]) => {
      const rules = body.matchAll(
        /(?: ip6? daddr (\S+))? (tcp|udp) dport (\d+)(?:-(\d+))?(?: meta mark set .*?)? dnat (ip6?) to /g,
      );
      const publish = [...rules].map(([, address, protocol, first, last, family]): Publish => {
        const hostPort = Number(first);
        return {
          address: address ?? (family === "ip" ? "0.0.0.0" : "::"),
          hostPort,
          port: hostPort,
          count: Number(last ?? first) - hostPort + 1,
          protocol: protocol === "udp" ? "udp" : "tcp",
        };
      });
      return { name, publish };
    },
  );
}

import ipaddr from "ipaddr.js";
import { BerthError } from "#errors.ts";
import { type Publish, publishesCollide } from "#machinefile/value/publish.ts";

export const families = ["ipv4", "ipv6"] as const;
export type Family = (typeof families)[number];

/** The machine's addresses which the host reaches it by; at least one. */
export interface ForwardTargets {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** A rule which lets one family's forwarded packets through; `args` follow `iptables -A CHAIN`. */
export interface AcceptRule {
  readonly family: Family;
  readonly args: readonly string[];
}

/** A rule of ours that an iptables listing shows. */
export interface ListedRule {
  readonly name: string;
  readonly chain: string;
  /** What follows `iptables -D CHAIN`. */
  readonly args: readonly string[];
}

const protocolNumbers = { tcp: "6", udp: "17", sctp: "132" } as const;
/** Before Docker's own DNAT, which stands at -100 (nft(8), standard priority names: dstnat). */
const priority = -110;

/**
 * The table of nftables that publishes for this name; the comment of its accept rules is the same. Throws
 * `usage` for a name that is none.
 */
export function tableName(name: string): string {
  if (!/^[a-z0-9]{1,24}$/.test(name))
    throw new BerthError("usage", `"${name}" cannot name a table: 1 to 24 of a-z and 0-9`);
  return `berth-${name}`;
}

export function familyOf(address: string): Family {
  return ipaddr.parse(address).kind();
}

export function isLoopback(address: string): boolean {
  return ipaddr.process(address).range() === "loopback";
}

/** Whether packets of that family to the published port are to reach the machine by DNAT. */
export function isForwarded({ address }: Publish, family: Family): boolean {
  return address === undefined || (familyOf(address) === family && !isLoopback(address));
}

/** The ports of the host as a person writes them: `tcp 80`, `udp 1000-1010`, `tcp 127.0.0.1:80`. */
export function describePublish({ address, hostPort, count, protocol }: Publish): string {
  const ports = count === 1 ? `${hostPort}` : `${hostPort}-${hostPort + count - 1}`;
  const place = address === undefined ? "" : familyOf(address) === "ipv6" ? `[${address}]:` : `${address}:`;
  return `${protocol} ${place}${ports}`;
}

/** Throws `usage` with every reason why these ports cannot be published by forwarding to these addresses. */
export function checkPublishes(publish: readonly Publish[], targets: ForwardTargets): void {
  const problems = publish.flatMap((one, index) => {
    const twin = publish.slice(0, index).find((earlier) => publishesCollide(earlier, one));
    const problem =
      twin === undefined ? problemOf(one, targets) : `${describePublish(one)} is published twice`;
    return problem === undefined ? [] : [problem];
  });
  if (problems.length === 0) return;
  throw new BerthError("usage", problems.join("; "), { details: { problems } });
}

function problemOf(one: Publish, targets: ForwardTargets): string | undefined {
  const { address, protocol, hostPort } = one;
  if (protocol === "sctp") return `${describePublish(one)}: SCTP cannot be published here, only TCP and UDP`;
  if (hostPort === 0)
    return `${protocol} port ${one.port}: the host's port must be named, the engine cannot choose it here`;
  if (address === undefined || protocol === "tcp") return undefined;
  if (isLoopback(address)) return `${describePublish(one)}: UDP cannot be published on a loopback address`;
  const family = familyOf(address);
  if (targets[family] !== undefined) return undefined;
  return `${describePublish(one)}: the machine has no ${familyNames[family]} address`;
}

export const familyNames = { ipv4: "IPv4", ipv6: "IPv6" } as const;

/**
 * One line for `nft -i` which makes, in one transaction, a table that dies with that process: packets to one
 * of the host's own addresses get the machine's address as their destination, and keep their source. What
 * comes from `bridges`, the interfaces towards the machine, is left alone: an answer within the bridge would
 * not come back this way. So is loopback, whose addresses are valid on no wire. Source: nft(8), owner flag
 * since Linux 5.12.
 */
export function renderPortTable(
  name: string,
  publish: readonly Publish[],
  targets: ForwardTargets,
  bridges: readonly string[],
): string {
  const rules = families.flatMap((family) => {
    const target = targets[family];
    return target === undefined
      ? []
      : publish.filter((one) => isForwarded(one, family)).map((one) => renderRule(one, family, target));
  });
  const chain = (chainName: string, hook: string, first: readonly string[]) =>
    `chain ${chainName} { type nat hook ${hook} priority ${priority}; policy accept; ${[...first, ...rules].join("; ")}; }`;
  const inner = ["lo", ...bridges].map((bridge) => `"${bridge}"`).join(", ");
  return `add table inet ${tableName(name)} { flags owner; ${[
    chain("from_outside", "prerouting", [`iifname { ${inner} } return`]),
    chain("from_host", "output", ["ip daddr 127.0.0.0/8 return", "ip6 daddr ::1 return"]),
  ].join("; ")}; }`;
}

function renderRule(one: Publish, family: Family, target: string): string {
  const { address, hostPort, port, count, protocol } = one;
  const ip = family === "ipv4" ? "ip" : "ip6";
  const match = [
    `meta nfproto ${family}`,
    "fib daddr type local",
    ...(isAnyAddress(address) ? [] : [`${ip} daddr ${address}`]),
  ];
  const ports = count === 1 ? `${hostPort}` : `${hostPort}-${hostPort + count - 1}`;
  const host = family === "ipv4" ? target : `[${target}]`;
  return `${match.join(" ")} ${protocol} dport ${ports} dnat ${ip} to ${hostPort === port ? target : `${host}${renderPort()}`}`;

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
      const rules = body.matchAll(/(?: ip6? daddr (\S+))? (tcp|udp) dport (\d+)(?:-(\d+))? dnat (ip6?) to /g);
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

/**
 * The rules that let exactly the translated flows to these ports of the machine pass a firewall which drops
 * what is forwarded: by the flow, so in both directions, with the ICMP errors that belong to it, and across
 * Docker's walls between its bridges. Source: iptables-extensions(8), conntrack; `--ctreplsrc` is where a
 * translated flow really goes.
 */
export function planAcceptRules(
  name: string,
  publish: readonly Publish[],
  targets: ForwardTargets,
): readonly AcceptRule[] {
  const rules = families.flatMap((family) => {
    const target = targets[family];
    if (target === undefined) return [];
    return publish
      .filter((one) => isForwarded(one, family))
      .map(({ protocol, port, count }) => {
        const ports = count === 1 ? `${port}` : `${port}:${port + count - 1}`;
        const flow = [
          "--ctstate",
          "DNAT",
          "--ctproto",
          protocolNumbers[protocol],
          "--ctreplsrc",
          target,
          "--ctreplsrcport",
          ports,
        ];
        return {
          family,
          args: ["-m", "conntrack", ...flow, "-m", "comment", "--comment", tableName(name), "-j", "ACCEPT"],
        };
      });
  });
  // Two ports of the host may lead to one of the machine.
  return [...new Map(rules.map((rule) => [rule.args.join(" "), rule])).values()];
}

/**
 * The chain of a filter table (`iptables -S`) where a rule must stand to let forwarded packets pass: Docker's
 * chain for its users' rules, else FORWARD if that drops; undefined when nothing is in the way.
 */
export function acceptChain(listing: string): "DOCKER-USER" | "FORWARD" | undefined {
  if (/^-N DOCKER-USER$/m.test(listing)) return "DOCKER-USER";
  return /^-P FORWARD DROP$/m.test(listing) ? "FORWARD" : undefined;
}

/**
 * The transaction for iptables-restore(8) which adds accept rules to a chain of a filter table (`iptables
 * -S`) behind all that its owner has put there, as what Docker publishes comes behind that too: at the end,
 * but for a last rule that leaves the chain for all packets, as Docker sets one. That one is moved, so that
 * no number of a rule counts, which another program may have changed meanwhile.
 */
export function renderAcceptRules(listing: string, chain: string, rules: readonly AcceptRule[]): string {
  const leave = `-A ${chain} -j RETURN`;
  const present = listing.split("\n").filter((line) => line.startsWith(`-A ${chain} `));
  const left = present.indexOf(leave);
  const isLast = left !== -1 && left === present.length - 1;
  // What its owner has put behind such a rule is out of use, and stays so.
  const place = left === -1 || isLast ? `-A ${chain}` : `-I ${chain} ${left + 1}`;
  const added = rules.map(({ args }) => [place, ...args].join(" "));
  return `${["*filter", ...(isLast ? [leave.replace("-A", "-D"), ...added, leave] : added), "COMMIT"].join("\n")}\n`;
}

/** Our accept rules in a filter table (`iptables -S`), whoever's they are. */
export function parseAcceptRules(listing: string): readonly ListedRule[] {
  return [
    ...listing.matchAll(
      /^-A (DOCKER-USER|FORWARD) (-m conntrack --ctstate DNAT .*--comment "?berth-([a-z0-9]{1,24})"? -j ACCEPT)$/gm,
    ),
  ].map(([, chain = "", rule = "", name = ""]) => ({
    name,
    chain,
    args: rule.replaceAll('"', "").split(" "),
  }));
}

/**
 * What will not be as the user may expect; `isOnIpv6` when the host has an address there which others can
 * reach.
 */
export function publishWarnings(
  publish: readonly Publish[],
  targets: ForwardTargets,
  isOnIpv6: boolean,
): readonly string[] {
  return families.flatMap((family) => {
    if (targets[family] !== undefined || (family === "ipv6" && !isOnIpv6)) return [];
    const open = publish.filter((one) => isForwarded(one, family));
    const named = (protocol: string) => open.filter((one) => one.protocol === protocol).map(describePublish);
    const why = `the machine has no ${familyNames[family]} address`;
    const relayed = named("tcp");
    const unserved = named("udp");
    return [
      ...(relayed.length === 0
        ? []
        : [
            `${relayed.join(", ")}: ${familyNames[family]} clients are relayed, their addresses are not seen inside: ${why}`,
          ]),
      ...(unserved.length === 0
        ? []
        : [`${unserved.join(", ")}: not reachable over ${familyNames[family]}: ${why}`]),
    ];
  });
}

/**
 * A flow which the kernel tracks: as it came in, and where its answers come from, which is where it really
 * goes.
 */
export interface TrackedFlow {
  /** Of IP: 6 is TCP, 17 UDP. */
  readonly protocol: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly repliesFrom: string;
}

/** Whether a flow began as one to these ports of the host, if its destination is an address of the host. */
export function isFlowOf(
  { protocol, destination, destinationPort }: TrackedFlow,
  publish: readonly Publish[],
  targets: ForwardTargets,
): boolean {
  const family = familyOf(destination);
  if (targets[family] === undefined) return false;
  return publish.some(
    (one) =>
      Number(protocolNumbers[one.protocol]) === protocol &&
      destinationPort >= one.hostPort &&
      destinationPort < one.hostPort + one.count &&
      isForwarded(one, family) &&
      (isAnyAddress(one.address) || one.address === destination),
  );
}

const isAnyAddress = (address: string | undefined) =>
  address === undefined || ipaddr.parse(address).range() === "unspecified";

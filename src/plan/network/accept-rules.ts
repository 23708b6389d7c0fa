import type { Publish } from "#machinefile/value/publish.ts";
import { type Family, type ForwardTargets, families, isForwarded, protocolNumbers } from "./forwarding.ts";
import { tableName } from "./port-table.ts";

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
 * The transaction for iptables-restore(8) that appends accept rules to a chain of a filter table (`iptables
 * -S`), behind its owner's rules, where Docker's published ports also come. If the last rule returns for all
 * packets, as Docker's does, move it to the end. Never use a rule's number, which another program may have
 * changed meanwhile.
 */
export function renderAcceptRules(listing: string, chain: string, rules: readonly AcceptRule[]): string {
  const leave = `-A ${chain} -j RETURN`;
  const present = listing.split("\n").filter((line) => line.startsWith(`-A ${chain} `));
  const left = present.indexOf(leave);
  const isLast = left !== -1 && left === present.length - 1;
  // What its owner has put behind such a rule is out of use, and stays so.
  const place = left === -1 || isLast ? `-A ${chain}` : `-I ${chain} ${left + 1}`;
  const added = rules.map(({ args }) => [place, ...args].join(" "));
  const lines = isLast ? [leave.replace("-A", "-D"), ...added, leave] : added;
  return `${["*filter", ...lines, "COMMIT"].join("\n")}\n`;
}

const acceptRule = new RegExp(
  "^-A (DOCKER-USER|FORWARD) " +
    '(-m conntrack --ctstate DNAT .*--comment "?berth-([a-z0-9]{1,24})"? -j ACCEPT)$',
  "gm",
);

/** The accept rules of any guard in a filter table (`iptables -S`). */
export function parseAcceptRules(listing: string): readonly ListedRule[] {
  return [...listing.matchAll(acceptRule)].map(([, chain = "", rule = "", name = ""]) => ({
    name,
    chain,
    args: rule.replaceAll('"', "").split(" "),
  }));
}

import { BerthError } from "#errors.ts";
import { type Publish, publishesCollide } from "#machinefile/value/publish.ts";
import {
  type ForwardTargets,
  families,
  familyNames,
  familyOf,
  isForwarded,
  isLoopback,
} from "./forwarding.ts";

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
    const problem = twin === undefined ? problemOf(one, targets) : `duplicate port ${describePublish(one)}`;
    return problem === undefined ? [] : [problem];
  });
  if (problems.length === 0) return;
  throw new BerthError("usage", problems.join("; "), { details: { problems } });
}

function problemOf(one: Publish, targets: ForwardTargets): string | undefined {
  const { address, protocol, hostPort } = one;
  if (protocol === "sctp") return `${describePublish(one)}: unsupported protocol (tcp or udp)`;
  if (hostPort === 0)
    return `${protocol} port ${one.port}: host port 0 (example: 8080:80; clients must know the port)`;
  if (address === undefined || protocol === "tcp") return undefined;
  if (isLoopback(address)) return `${describePublish(one)}: UDP needs an address other than loopback`;
  const family = familyOf(address);
  if (targets[family] !== undefined) return undefined;
  return `${describePublish(one)}: the machine has no ${familyNames[family]} address`;
}

/** Warnings about unexpected behaviour. `isOnIpv6`: others can reach the host by an IPv6 address. */
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
            `${relayed.join(", ")}: the machine does not see the addresses of ` +
              `${familyNames[family]} clients, which are relayed: ${why}`,
          ]),
      ...(unserved.length === 0
        ? []
        : [`${unserved.join(", ")}: not reachable over ${familyNames[family]}: ${why}`]),
    ];
  });
}

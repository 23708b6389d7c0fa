import { connect, type Socket } from "node:net";
import ipaddr from "ipaddr.js";
import { type Family, type ForwardTargets, isLoopback } from "#plan/network/forwarding.ts";
import { type HostAddress, isInNetwork } from "./interfaces.ts";

/** Where the connections that forwarding cannot serve go, and which those are. */
export interface RelayRule {
  readonly targets: ForwardTargets;
  /** The networks between the host and the machine. */
  readonly bridges: readonly HostAddress[];
}

/**
 * The machine's address for a client that has connected to the host itself. Undefined for a client that
 * forwarding serves: it came just before the rules were in place, and a relay would disguise it as a
 * neighbour on the bridge, which a mail server may trust.
 */
export function relayTarget(peer: string, { targets, bridges }: RelayRule): string | undefined {
  const client = ipaddr.process(peer);
  const family: Family = client.kind();
  const own = targets[family];
  if (own === undefined) return targets[family === "ipv4" ? "ipv6" : "ipv4"];
  const address = client.toString();
  return isLoopback(address) || bridges.some((bridge) => isInNetwork(address, bridge)) ? own : undefined;
}

/**
 * Carries bytes both ways between a client and a port of the machine until both have ended; each side may end
 * before the other.
 */
export function relay(client: Socket, target: string, port: number): Socket {
  const machine = connect({ host: target, port, allowHalfOpen: true });
  client.pipe(machine);
  machine.pipe(client);
  // What happens to one side happens to the other; a refused connection looks refused to the client, too.
  client.once("error", () => machine.resetAndDestroy());
  machine.once("error", () => client.resetAndDestroy());
  // One that was ended in order still has to deliver what it holds; only one that does not know of the end is
  // broken off.
  client.once("close", () => machine.writableEnded || machine.destroy());
  machine.once("close", () => client.writableEnded || client.destroy());
  return machine;
}

import ipaddr from "ipaddr.js";
import type { MachineSpec } from "#machinefile/machine.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import type { Publish } from "#machinefile/value/publish.ts";

/**
 * Of all machines together, each port of a range by itself; an engine has a rule for each, and often a
 * process.
 */
const mostPorts = 400_000;

interface CheckedPorts {
  readonly machines: readonly MachineSpec[];
  /** Where a machine's key was written. */
  readonly origin: (machine: string, key: "publish") => Path;
}

/** Ports that are published on one host and cannot exist together, as `publishesCollide` has it. */
export function* checkPublished({ machines, origin }: CheckedPorts): Generator<Problem> {
  const holders = new Map<string, Holders>();
  const entries = machines.flatMap((machine) =>
    // Which port the engine will choose is not known, but that it is free.
    [...machine.publish.entries()].flatMap(([index, published]) =>
      published.hostPort === 0 ? [] : [{ machine, index, published }],
    ),
  );
  let ports = 0;
  for (const [order, { machine, index, published }] of entries.entries()) {
    const { name } = machine;
    const { hostPort, count, protocol } = published;
    ports += count;
    if (ports > mostPorts) {
      yield problem(
        [...origin(name, "publish"), index],
        `too many ports in all: up to here more than ${mostPorts}`,
      );
      return;
    }
    const where = JSON.stringify([hostOf(machine) ?? { machine: name }, protocol]);
    const ofHost = holders.get(where) ?? new Map();
    holders.set(where, ofHost);
    const first = take(ofHost, published, { name, order });
    if (first === undefined) continue;
    const text = `${hostPort}${count > 1 ? `-${hostPort + count - 1}` : ""}/${protocol}`;
    const other = first.name === name ? "" : `: ${first.name} and ${name} publish it`;
    yield problem([...origin(name, "publish"), index], `duplicate host port ${text}${other}`);
  }
}

interface Holder {
  readonly name: string;
  /** Its place among all entries. */
  readonly order: number;
}

/** Of a host and a protocol, by a set of addresses: who was first to have each port on one of them. */
type Holders = Map<string, Map<number, Holder>>;

/** Has `holder` have ports, and returns the first that is in the way. */
function take(holders: Holders, { address, hostPort, count }: Publish, holder: Holder): Holder | undefined {
  const { joined, met } = setsOf(address);
  const ports = Array.from({ length: count }, (_, index) => hostPort + index);
  let first: Holder | undefined;
  for (const set of met) {
    const taken = holders.get(set);
    for (const port of taken === undefined ? [] : ports) {
      const there = taken?.get(port);
      if (there !== undefined && there.order < (first ?? holder).order) first = there;
    }
  }
  for (const set of joined) {
    const taken = holders.get(set) ?? new Map<number, Holder>();
    holders.set(set, taken);
    for (const port of ports) if (!taken.has(port)) taken.set(port, holder);
  }
  return first;
}

/**
 * The sets that an address is in, and those whose members are all in its way. `every` has all of a kind,
 * `wild` those that stand for all.
 */
function setsOf(address: string | undefined): {
  readonly joined: readonly string[];
  readonly met: readonly string[];
} {
  if (address === undefined)
    return { joined: ["every", "every ipv4", "every ipv6", "wild ipv4", "wild ipv6"], met: ["every"] };
  const kind = ipaddr.parse(address).kind();
  if (address === "0.0.0.0" || address === "::")
    return { joined: ["every", `every ${kind}`, `wild ${kind}`], met: [`every ${kind}`] };
  return { joined: ["every", `every ${kind}`, address], met: [address, `wild ${kind}`] };
}

/**
 * Where a machine's ports are published: on the engine's host, on a node of the swarm, or on one that is not
 * known yet.
 */
function hostOf({ root, deploy }: Pick<MachineSpec, "root" | "deploy">): string | undefined {
  return root === undefined ? "" : deploy?.node;
}

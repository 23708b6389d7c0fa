import type { MachineSpec, NetworkSpec } from "./machine.ts";
import { addressFault, gatewayOf } from "./network.ts";
import { type Path, type Problem, problem } from "./problem.ts";
import { publishesCollide } from "./publish.ts";
import { suggest } from "./suggest.ts";

type CheckedKey = "address" | "aliases" | "publish" | "volumes" | "tmpfs" | "memory_swap" | "depends_on";

/** What is checked as a whole, once each key alone has been read. */
interface Checked {
  readonly network: NetworkSpec;
  readonly machines: readonly MachineSpec[];
  /** Where a machine's key was written. */
  readonly origin: (machine: string, key: CheckedKey) => Path;
  /** Whether what was written there could not be read; what rests on it is then not checked. */
  readonly isFaulty: (path: Path) => boolean;
}

/** Everything that does not fit together: addresses, names, host ports, mount targets, limits, dependencies. */
export function checkFleet(checked: Checked): Problem[] {
  const found = [
    ...checkAddresses(checked),
    ...checkAliases(checked),
    ...checkPublished(checked),
    ...checkTargets(checked),
    ...checkSwap(checked),
    ...checkDependencies(checked),
  ];
  // A default that does not fit is found once for each machine.
  return [...new Map(found.map((fault) => [JSON.stringify([fault.path, fault.message]), fault])).values()];
}

function* checkAddresses({ network, machines, origin, isFaulty }: Checked): Generator<Problem> {
  if (isFaulty(["network", "subnet"]) || isFaulty(["network", "gateway"])) return;
  const { subnet } = network;
  // Without one no address was asked for either.
  if (subnet === undefined) return;
  const gateway = gatewayOf(subnet, network.gateway);
  const fault = addressFault(gateway, subnet);
  if (fault !== undefined) yield problem(["network", "gateway"], fault);
  const holders = new Map<string, string>();
  for (const { name, address } of machines) {
    if (address === undefined) continue;
    const holder = holders.get(address);
    const reason =
      addressFault(address, subnet) ??
      (address === gateway ? `${address} is the network's gateway` : undefined) ??
      (holder === undefined ? undefined : `${address} is already the address of ${holder}`);
    if (reason !== undefined) yield problem(origin(name, "address"), reason);
    if (holder === undefined) holders.set(address, name);
  }
}

function* checkAliases({ machines, origin }: Checked): Generator<Problem> {
  const names = new Set(machines.map(({ name }) => name));
  const holders = new Map<string, string>();
  for (const { name, aliases } of machines) {
    for (const [index, alias] of aliases.entries()) {
      const path = [...origin(name, "aliases"), index];
      const holder = holders.get(alias);
      if (names.has(alias))
        yield problem(path, alias === name ? `${alias} is the machine's own name` : `${alias} is already a machine's name`);
      else if (holder === name) yield problem(path, `${alias} is given twice`);
      else if (holder !== undefined) yield problem(path, `${alias} is already an alias of ${holder}`);
      else holders.set(alias, name);
    }
  }
}

function* checkPublished({ machines, origin }: Checked): Generator<Problem> {
  const entries = machines.flatMap(({ name, publish, ...machine }) =>
    publish.map((published, index) => ({ name, index, published, host: hostOf(machine) })),
  );
  for (const [place, { name, index, published, host }] of entries.entries()) {
    const earlier = entries.slice(0, place).filter((entry) => entry.name === name || (host !== undefined && entry.host === host));
    const other = earlier.find((entry) => publishesCollide(entry.published, published));
    if (other === undefined) continue;
    const last = published.hostPort + published.count - 1;
    const ports = `${published.hostPort}${published.count > 1 ? `-${last}` : ""}/${published.protocol}`;
    const whom = other.name === name ? "twice" : `by ${other.name} as well as by ${name}`;
    yield problem([...origin(name, "publish"), index], `the host's port ${ports} is published ${whom}`);
  }
}

/** Where a machine's ports are published: on the engine's host, on a node of the swarm, or on one that is not known yet. */
function hostOf({ root, deploy }: Pick<MachineSpec, "root" | "deploy">): string | undefined {
  return root === undefined ? "" : deploy?.node;
}

function* checkTargets({ machines, origin }: Checked): Generator<Problem> {
  for (const { name, volumes, tmpfs = [] } of machines) {
    for (const [index, { target }] of volumes.entries()) {
      if (volumes.findIndex((volume) => volume.target === target) < index) {
        yield problem([...origin(name, "volumes"), index], `${target} already has a volume`);
      }
    }
    for (const [index, { target }] of tmpfs.entries()) {
      const other = volumes.some((volume) => volume.target === target) ? "a volume" : "a tmpfs";
      if (other === "a volume" || tmpfs.findIndex((earlier) => earlier.target === target) < index) {
        yield problem([...origin(name, "tmpfs"), index], `${target} already has ${other}`);
      }
    }
  }
}

function* checkSwap({ machines, origin, isFaulty }: Checked): Generator<Problem> {
  for (const { name, memory, memorySwap } of machines) {
    if (memorySwap === undefined || isFaulty(["machines", name, "memory"]) || isFaulty(["defaults", "memory"])) continue;
    if (memory === undefined) yield problem(origin(name, "memory_swap"), "memory_swap needs memory as well");
    else if (memorySwap !== -1 && memorySwap < memory) {
      yield problem(origin(name, "memory_swap"), `memory and swap together, ${memorySwap} bytes, are less than memory, ${memory} bytes`);
    }
  }
}

function* checkDependencies({ machines, origin }: Checked): Generator<Problem> {
  const dependencies = new Map(machines.map(({ name, dependsOn }) => [name, dependsOn]));
  for (const { name, dependsOn } of machines) {
    for (const [index, needed] of dependsOn.entries()) {
      if (dependsOn.indexOf(needed) < index) yield problem([...origin(name, "depends_on"), index], `${needed} is given twice`);
      if (dependencies.has(needed)) continue;
      const others = [...dependencies.keys()].filter((other) => other !== name);
      yield problem([...origin(name, "depends_on"), index], `there is no machine ${needed}`, suggest(needed, others));
    }
  }
  for (const cycle of findCycles(dependencies)) {
    const [first = ""] = cycle;
    const message = cycle.length === 1 ? `${first} depends on itself` : `these depend on each other: ${[...cycle, first].join(" → ")}`;
    yield problem(origin(first, "depends_on"), message);
  }
}

/** Cycles of a graph, each once and starting at its first member in the graph's order; none is missed that would leave the graph cyclic. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[][] = [];
  const visit = (name: string): void => {
    const start = trail.indexOf(name);
    if (start >= 0) cycles.push(trail.slice(start));
    if (start >= 0 || done.has(name)) return;
    trail.push(name);
    for (const next of edges.get(name) ?? []) visit(next);
    trail.pop();
    done.add(name);
  };
  for (const name of edges.keys()) visit(name);
  return cycles;
}

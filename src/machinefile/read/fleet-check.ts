import type { MachineSpec, NetworkSpec } from "#machinefile/machine.ts";
import { firstProblems, mostProblems, type Path, type Problem, problem } from "#machinefile/problem.ts";
import { addressFault, gatewayOf } from "#machinefile/value/network.ts";
import { suggest } from "#suggest.ts";
import { checkPublished } from "./publish-check.ts";

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

/** Limit of machines among which to search for suggestions. */
const mostCandidates = 500;
/** So many members of a cycle are named at its start. */
const mostMembers = 10;

/**
 * What does not fit together: addresses, names, host ports, mount targets, limits, dependencies. No more than
 * `mostProblems`.
 */
export function checkFleet(checked: Checked): Problem[] {
  const checks = [checkAddresses, checkAliases, checkPublished, checkTargets, checkSwap, checkDependencies];
  return firstProblems(checks.map((check) => check(checked)));
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
      (holder === undefined ? undefined : `duplicate address ${address}: also the address of ${holder}`);
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
        yield problem(
          path,
          alias === name
            ? `duplicate name ${alias}: the machine's own name`
            : `duplicate name ${alias}: a machine's name`,
        );
      else if (holder === name) yield problem(path, `duplicate alias ${alias}`);
      else if (holder !== undefined)
        yield problem(path, `duplicate alias ${alias}: also an alias of ${holder}`);
      else holders.set(alias, name);
    }
  }
}

function* checkTargets({ machines, origin }: Checked): Generator<Problem> {
  for (const { name, volumes, tmpfs = [] } of machines) {
    const holders = new Map<string, string>();
    for (const [key, what, mounts] of [
      ["volumes", "a volume", volumes] as const,
      ["tmpfs", "a tmpfs", tmpfs] as const,
    ]) {
      for (const [index, { target }] of mounts.entries()) {
        const holder = holders.get(target);
        if (holder !== undefined)
          yield problem([...origin(name, key), index], `duplicate mount at ${target}: ${holder} has it`);
        else holders.set(target, what);
      }
    }
  }
}

function* checkSwap({ machines, origin, isFaulty }: Checked): Generator<Problem> {
  for (const { name, memory, memorySwap } of machines) {
    if (
      memorySwap === undefined ||
      isFaulty(["machines", name, "memory"]) ||
      isFaulty(["defaults", "memory"])
    )
      continue;
    if (memory === undefined)
      yield problem(origin(name, "memory_swap"), "memory_swap without memory (example: memory: 512M)");
    else if (memorySwap !== -1 && memorySwap < memory) {
      yield problem(
        origin(name, "memory_swap"),
        `memory_swap ${memorySwap} is less than memory ${memory} (bytes; memory_swap is both together)`,
      );
    }
  }
}

function* checkDependencies({ machines, origin }: Checked): Generator<Problem> {
  const dependencies = new Map(machines.map(({ name, dependsOn }) => [name, dependsOn]));
  for (const { name, dependsOn } of machines) {
    const seen = new Set<string>();
    for (const [index, needed] of dependsOn.entries()) {
      if (seen.has(needed))
        yield problem([...origin(name, "depends_on"), index], `duplicate machine ${needed}`);
      seen.add(needed);
      if (dependencies.has(needed)) continue;
      const others =
        dependencies.size > mostCandidates ? [] : [...dependencies.keys()].filter((other) => other !== name);
      yield problem(
        [...origin(name, "depends_on"), index],
        `unknown machine ${needed}`,
        suggest(needed, others),
      );
    }
  }
  for (const cycle of findCycles(dependencies)) {
    const [first = "", second] = cycle;
    const message =
      second === undefined ? `${first} depends on itself` : `dependency cycle: ${renderCycle(cycle)}`;
    yield problem(origin(first, "depends_on"), message);
  }
}

/** `a → b → a`; of a long one its start. */
function renderCycle(cycle: readonly string[]): string {
  const left = cycle.length - mostMembers;
  const named = left > 1 ? [...cycle.slice(0, mostMembers), `(${left} more)`] : cycle;
  return [...named, cycle[0]].join(" → ");
}

/**
 * Cycles of a graph, each once and starting at its first member in the graph's order; none is missed that
 * would leave the graph cyclic, apart from those beyond `mostProblems`.
 */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  /** In their order, which is the way to here. */
  const trail = new Set<string>();
  const cycles: string[][] = [];
  const visit = (name: string): void => {
    if (done.has(name) || cycles.length === mostProblems) return;
    if (trail.has(name)) {
      const way = [...trail];
      cycles.push(way.slice(way.indexOf(name)));
      return;
    }
    trail.add(name);
    for (const next of edges.get(name) ?? []) visit(next);
    trail.delete(name);
    done.add(name);
  };
  for (const name of edges.keys()) visit(name);
  return cycles;
}

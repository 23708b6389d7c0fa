import { BerthError } from "#errors.ts";
import { compareSpecs, type Difference, parseSpecLabel } from "#labels/machine.ts";
import { type Claim, describeOwner } from "#labels/owner.ts";
import type { Fleet, MachineSpec, NetworkSpec } from "#machinefile/machine.ts";
import { domainOf, type Project } from "#machinefile/project.ts";
import { allocateAddresses } from "#plan/network/address.ts";
import { checkSubnet, freeSubnet } from "#plan/network/free-subnet.ts";
import type { HostNetwork } from "#plan/network/host-network.ts";
import { machinesByName } from "./known-names.ts";

/** What is there, as far as `up` cares. */
export interface Observed {
  /** The domain that the fleet's machines are in. */
  readonly domain: string;
  /** The engine network with the domain's name. */
  readonly network: ObservedNetwork | undefined;
  /** What the network's subnet must have no part of. */
  readonly taken: {
    /** The subnets of all networks of the engine. */
    readonly networks: readonly string[];
    /** What the engine's host reaches, as far as it is known. */
    readonly host: HostNetwork;
    /** Whether that is surely the engine's host. */
    readonly isHostSeen: boolean;
  };
  /** Every container with a machine's name, and every one of berth's. */
  readonly containers: readonly ObservedContainer[];
  /** Containers that were made as machines of the fleet's names, and have another by now. */
  readonly renamed: readonly { readonly name: string; readonly machine: string }[];
}

export interface ObservedNetwork {
  readonly ours: boolean;
  /** Another machine file for which it was created. */
  readonly foreignFile: string | undefined;
  readonly subnet: string | undefined;
  /** Addresses that others than berth's machines hold on it. */
  readonly addresses: readonly string[];
}

export interface ObservedContainer {
  readonly name: string;
  readonly id: string;
  readonly ours: boolean;
  /** Whether the engine has finished its creation, and has not begun its removal. */
  readonly isWhole: boolean;
  readonly state: string;
  readonly owner: Project | undefined;
  readonly claim: Claim;
  /** The domain it belongs to. */
  readonly network: string | undefined;
  readonly address: string | undefined;
  readonly specLabel: string | undefined;
  /** What it may write to of the host: the paths of its mounts there. */
  readonly writes: readonly string[];
  /** Such as "systemd 252"; undefined where its labels do not tell. */
  readonly init: string | undefined;
}

/** A network as it is made: with its subnet. */
export type PlannedNetwork = NetworkSpec & { readonly subnet: string };

export type Step =
  | { readonly do: "create-network"; readonly network: PlannedNetwork }
  | { readonly do: "create"; readonly machine: MachineSpec; readonly address: string }
  | {
      readonly do: "start" | "unpause" | "keep";
      readonly machine: MachineSpec;
      readonly id: string;
      readonly differences: readonly Difference[];
    };

export type MachineStep = Exclude<Step, { readonly do: "create-network" }>;

/**
 * The steps of `up` to run the machines, ordered by depends_on. It creates missing machines, starts stopped
 * ones, keeps running ones, and notes differences from the file. Throws `not-ours` before it would change a
 * foreign container, `not-found` for names that the fleet lacks, and `conflict` for addresses and for
 * containers that the engine is still creating or removing.
 */
export function planUp(fleet: Fleet, names: readonly string[], observed: Observed): readonly Step[] {
  const machines = selectMachines(fleet, names);
  const { gateway } = fleet.network;
  checkNetwork(fleet, observed.network);
  const byName = new Map(observed.containers.map((container) => [container.name, container]));
  const short = machines.find((machine) => machine.name.length === 1);
  if (short !== undefined) {
    throw new BerthError(
      "usage",
      `invalid name "${short.name}" (example: web; the engine needs at least two characters)`,
      {
        hint: "choose a name with two characters or more",
      },
    );
  }
  const foreign = machines.filter((machine) => byName.get(machine.name)?.ours === false);
  if (foreign.length > 0) {
    const list = foreign.map((machine) => machine.name).join(", ");
    throw new BerthError("not-ours", `a container not created by berth has this name: ${list}`, {
      hint: "rename or remove that container, or give the machine another name",
      details: foreign.map((machine) => machine.name),
    });
  }
  for (const { name } of machines) {
    const there = byName.get(name);
    if (there?.owner !== undefined && there.claim === "stranger") throw ofAnother(name, there.owner);
    if ((there?.network ?? observed.domain) !== observed.domain) {
      throw new BerthError("conflict", `${name} already exists in the network ${there?.network}`, {
        hint: "machine names are unique on an engine: choose another, or remove that machine with `berth rm`",
      });
    }
    if (there?.isWhole === false) {
      throw new BerthError(
        "conflict",
        `the engine is still creating or removing ${name} for an earlier client`,
        {
          hint: "try again later; if the error remains, restart the engine",
        },
      );
    }
  }
  const missing = machines.filter((machine) => !byName.has(machine.name));
  const taken = new Set(
    [
      ...(observed.network?.addresses ?? []),
      ...observed.containers.filter((c) => c.network === observed.domain).map((c) => c.address),
    ].filter((a) => a !== undefined),
  );
  const subnet = observed.network?.subnet ?? newSubnet(fleet.network.subnet, observed.taken);
  const addresses = allocateAddresses(missing, subnet, gateway, taken);
  return [
    ...(observed.network === undefined
      ? [{ do: "create-network", network: { ...fleet.network, domain: observed.domain, subnet } } as const]
      : []),
    ...machines.map((machine): MachineStep => {
      const container = byName.get(machine.name);
      if (container === undefined)
        return { do: "create", machine, address: addresses.get(machine.name) ?? "" };
      const has = parseSpecLabel(container.specLabel);
      const differences = has === undefined ? [] : compareSpecs(has, machine);
      const action =
        container.state === "running" || container.state === "restarting"
          ? "keep"
          : container.state === "paused"
            ? "unpause"
            : "start";
      return { do: action, machine, id: container.id, differences };
    }),
  ];
}

/**
 * The named machines and what they depend on, dependencies first; all that are not of a swarm when none is
 * named. Throws `usage` for one that is.
 */
export function selectMachines(fleet: Fleet, names: readonly string[]): readonly MachineSpec[] {
  const byName = machinesByName(fleet, names);
  const ordered = new Set<MachineSpec>();
  const visit = (name: string): void => {
    const machine = byName.get(name);
    if (machine === undefined || ordered.has(machine)) return;
    for (const dependency of machine.dependsOn) visit(dependency);
    ordered.add(machine);
  };
  const ofSwarm = fleet.machines
    .filter((machine) => machine.root !== undefined)
    .map((machine) => machine.name);
  const local = fleet.machines.filter((machine) => machine.root === undefined).map((machine) => machine.name);
  const deployed =
    names.length > 0 ? names.filter((name) => ofSwarm.includes(name)) : local.length > 0 ? [] : ofSwarm;
  if (deployed.length > 0) {
    const [first] = deployed;
    throw new BerthError(
      "usage",
      `${deployed.join(", ")}: only a swarm can run a machine whose \`root\` is a folder of a node`,
      {
        hint: `run it with \`berth deploy ${first}\``,
      },
    );
  }
  for (const name of names.length > 0 ? names : local) visit(name);
  return [...ordered];
}

/** A name that another fleet's machine has: whose it is, and how both can be. */
function ofAnother(name: string, owner: Project): BerthError {
  const remove = owner.file === undefined ? `berth rm -f ${name}` : `berth --file ${owner.file} down ${name}`;
  return new BerthError("conflict", `${name} is a machine of ${describeOwner(owner)}`, {
    hint:
      `machine names are unique on an engine: remove that one (\`${remove}\`), ` +
      `or choose another name and add the alias ${name}`,
    details: { name, owner },
  });
}

/** The subnet of a network that is to be made. */
function newSubnet(written: string | undefined, { networks, host, isHostSeen }: Observed["taken"]): string {
  if (written === undefined) return freeSubnet(networks, host);
  if (isHostSeen) checkSubnet(written, networks, host);
  return written;
}

function checkNetwork({ network: wanted, project }: Fleet, has: ObservedNetwork | undefined): void {
  if (has === undefined) return;
  if (has.foreignFile !== undefined && wanted.domain === domainOf(project.name)) {
    throw new BerthError("conflict", `the network ${wanted.domain} belongs to ${has.foreignFile}`, {
      hint:
        "change this project's name (key `name`), " +
        "or set network.domain explicitly to share that network",
    });
  }
  if (!has.ours) {
    throw new BerthError("not-ours", `the network ${wanted.domain} exists, not created by berth`, {
      hint: "choose another network.domain, or remove that network",
    });
  }
  if (has.subnet !== undefined && wanted.subnet !== undefined && has.subnet !== wanted.subnet) {
    throw new BerthError(
      "conflict",
      `the network ${wanted.domain} exists with the subnet ${has.subnet}, not ${wanted.subnet}`,
      {
        hint: "set network.subnet to that subnet, or remove the network's machines first with `berth down`",
      },
    );
  }
}

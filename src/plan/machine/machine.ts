import type { ContainerSummary } from "#api/container.ts";
import { initFromLabels, label } from "#labels/machine.ts";
import { ownerOf } from "#labels/owner.ts";
import type { Project } from "#machinefile/project.ts";

/** A machine as one list call of the engine tells it. */
export interface Machine {
  readonly name: string;
  readonly id: string;
  /** The engine's state: created, running, paused, restarting, removing, exited, dead. */
  readonly state: string;
  /** The engine's own words, such as "Up 3 minutes". */
  readonly status: string;
  readonly network: string | undefined;
  readonly address: string | undefined;
  readonly image: string;
  /** Such as "systemd 252"; undefined where the image does not tell. */
  readonly init: string | undefined;
  readonly ports: readonly string[];
  /** Unix time, seconds. */
  readonly created: number;
  /** Its owner; undefined if an earlier berth recorded none. */
  readonly owner: Project | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the list call tells of a container, whoever made it. */
export function machineOf(container: ContainerSummary): Machine {
  const network = container.Labels[label.network];
  const endpoint = network === undefined ? undefined : container.NetworkSettings?.Networks?.[network];
  return {
    name: containerName(container),
    id: container.Id,
    state: container.State,
    status: container.Status,
    network,
    address: endpoint?.IPAMConfig?.IPv4Address ?? (endpoint?.IPAddress || undefined),
    image: container.Image,
    init: initFromLabels(container.Labels),
    ports: container.Ports.flatMap((port) =>
      port.PublicPort === undefined
        ? []
        : [`${port.IP ? `${port.IP}:` : ""}${port.PublicPort}->${port.PrivatePort}/${port.Type}`],
    ),
    created: container.Created,
    owner: ownerOf(container.Labels),
    labels: container.Labels,
  };
}

/** Its name without the slash; of one that is being removed, the head of its id. */
export function containerName(container: ContainerSummary): string {
  return container.Names[0]?.replace(/^\//, "") ?? container.Id.slice(0, 12);
}

/** What a container may write to of its engine's host: the paths of its mounts there. */
export function writesOf({ Mounts }: ContainerSummary): readonly string[] {
  return (Mounts ?? []).flatMap(({ Source, RW }) => (RW && Source.startsWith("/") ? [Source] : []));
}

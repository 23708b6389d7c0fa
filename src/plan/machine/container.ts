import type { CreateBody } from "#api/create-body.ts";
import type { PortBinding, PortMap } from "#api/host-config.ts";
import { type Labels, label, renderSpecLabel } from "#labels/machine.ts";
import { renderOwner } from "#labels/owner.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";
import type { Publish } from "#machinefile/value/publish.ts";
import { renderTmpfs } from "#machinefile/value/tmpfs.ts";
import { renderVolume } from "#machinefile/value/volume.ts";
import type { Applier } from "./applier.ts";
import { renderLimits } from "./limits.ts";
import { privilegeOptions } from "./new-privileges.ts";

export interface PlannedImage {
  readonly id: string;
  /** What people call it, which `ls` and `docker ps` then show. */
  readonly reference: string;
  /** What the image runs: its entrypoint and command together; empty when it names none. */
  readonly command: readonly string[];
  /** What berth knows of it. */
  readonly labels: Labels;
  /** What the container inherits. */
  readonly handedDown: Labels;
}

const defaultInit = ["/sbin/init"];

/** The body of the Engine API's POST /containers/create for a machine. */
export function renderContainer(
  machine: MachineSpec,
  { network, project }: Pick<Fleet, "network" | "project">,
  image: PlannedImage,
  address: string | undefined,
  applier: Applier,
): CreateBody {
  const api = "api" in applier ? applier.api : undefined;
  const privileged = machine.profile === "privileged";
  return {
    Hostname: machine.hostname,
    Domainname: network.domain,
    Image: image.reference,
    Tty: true,
    OpenStdin: true,
    // Entrypoint and command go in one, so that whatever the image has, the init is what runs.
    Entrypoint: [],
    Cmd: [...machineCommand(machine, image), ...(api?.arguments ?? [])],
    Env: [
      ...renderRuntimeVariables({ ...machine, hostname: undefined, image: image.id }, applier),
      ...Object.entries(machine.environment).map(([name, value]) => `${name}=${value}`),
      ...(api?.environment ?? []),
    ],
    Labels: {
      ...machine.labels,
      [label.machine]: machine.name,
      [label.network]: network.domain,
      ...renderOwner(project),
      [label.spec]: renderSpecLabel(machine),
      ...initLabels(machine, image),
    },
    ...(api ? { StopSignal: api.stopSignal } : {}),
    ...(machine.stopTimeout === undefined ? {} : { StopTimeout: machine.stopTimeout }),
    ExposedPorts: Object.fromEntries(
      machine.publish.flatMap((publish) => ports(publish).map(({ key }) => [key, {}])),
    ),
    HostConfig: {
      ...("runtime" in applier ? { Runtime: applier.runtime } : {}),
      Binds: [
        ...machine.volumes.filter((volume) => volume.kind !== "anonymous").map(renderVolume),
        ...(api?.binds ?? []),
      ],
      Mounts: machine.volumes
        .filter((volume) => volume.kind === "anonymous")
        .map((volume) => ({ Type: "volume", Target: volume.target })),
      Tmpfs: api?.tmpfs ?? renderTmpfs(machine),
      ...(api ? { CgroupnsMode: api.cgroupNamespace } : {}),
      SecurityOpt: [...(api?.securityOptions ?? []), ...privilegeOptions(machine.profile)],
      ...(api?.cgroupParent === undefined ? {} : { CgroupParent: api.cgroupParent }),
      // PID 1 is the machine's, also where the engine's daemon.json says "init": true.
      Init: false,
      Privileged: privileged,
      CapAdd: privileged ? [] : [...new Set([...machine.capabilities, ...(api?.capabilitiesAdded ?? [])])],
      RestartPolicy: { Name: machine.restart },
      ...renderLimits(machine),
      PortBindings: portBindings(machine.publish),
      NetworkMode: network.domain,
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [network.domain]: {
          ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }),
          // The network has the domain's name, so the engine's resolver answers both NAME and NAME.DOMAIN.
          Aliases: [...new Set([machine.name, machine.hostname, ...machine.aliases])],
        },
      },
    },
  };
}

/**
 * Override an inherited label of the init if it does not describe this image's own command: an engine cannot
 * unset a label.
 */
function initLabels(machine: MachineSpec, { labels, handedDown }: PlannedImage): Labels {
  const known = machine.command === undefined ? labels : {};
  return Object.fromEntries(
    [label.init, label.initVersion].filter((key) => key in handedDown).map((key) => [key, known[key] ?? ""]),
  );
}

/** A machine's request to berth-runtime. */
export interface RuntimeRequest extends Partial<Pick<MachineSpec, "profile" | "ids" | "lxcfs">> {
  /** Undefined where the name is the engine's to set. */
  readonly hostname?: string | undefined;
  /** Whether the machine-id in its files is its own. */
  readonly keepsMachineId?: boolean;
  /**
   * The image's id, which proves to the runtime that this request is ours; undefined for an image without an
   * environment.
   */
  readonly image: string | undefined;
}

/**
 * All variables that berth-runtime reads and removes, empty ones too, so that no image's environment can make
 * a request.
 */
export function renderRuntimeVariables(request: RuntimeRequest, applier: Applier): readonly string[] {
  if (!("runtime" in applier)) return [];
  const { image, profile, ids, lxcfs, hostname, keepsMachineId } = request;
  return Object.entries({
    BERTH_IMAGE: image,
    BERTH_PROFILE: profile,
    BERTH_IDS: ids,
    BERTH_LXCFS: lxcfs ? "1" : undefined,
    BERTH_HOSTNAME: hostname,
    BERTH_MACHINE_ID: keepsMachineId ? "keep" : undefined,
    BERTH_RUNTIME: undefined,
    "oci-systemd-hook": undefined,
    container_uuid: undefined,
  }).map(([name, value]) => `${name}=${value ?? ""}`);
}

/** The command of PID 1: the machine's, else the image's, else /sbin/init. */
export function machineCommand(machine: MachineSpec, image: PlannedImage): readonly string[] {
  if (machine.command !== undefined) return machine.command;
  return image.command.length > 0 ? image.command : defaultInit;
}

function ports(publish: Publish): readonly { readonly key: string; readonly binding: PortBinding }[] {
  return Array.from({ length: publish.count }, (_, index) => ({
    key: `${publish.port + index}/${publish.protocol}`,
    binding: {
      ...(publish.address === undefined ? {} : { HostIp: publish.address }),
      HostPort: publish.hostPort === 0 ? "" : String(publish.hostPort + index),
    },
  }));
}

/** One port of the machine may be published several times. */
function portBindings(list: readonly Publish[]): PortMap {
  const map: Record<string, readonly PortBinding[]> = {};
  for (const { key, binding } of list.flatMap(ports)) map[key] = [...(map[key] ?? []), binding];
  return map;
}

import { BerthError } from "#errors.ts";
import { type CgroupView, contractCgroups } from "./cgroups.ts";
import type { Guest } from "./guest.ts";
import type { Host } from "./host.ts";
import { type Inits, inits } from "./init.ts";
import { contractLxcfs, type LxcfsBind } from "./lxcfs.ts";
import { contractMasks, type Masks, masksByDirectory } from "./masks.ts";
import { contractProfile, profileCapabilities } from "./profile.ts";
import type { Profile } from "./profiles.ts";
import type { MachineRequest } from "./request.ts";
import { fullSystemCalls, systemCalls, unknownSystemCalls } from "./seccomp.ts";
import { contractLabels, type SecurityLabels } from "./security-labels.ts";
import { contractTmpfs, type TmpfsContract } from "./tmpfs.ts";

/** Everything an init needs from its host. The applier applies it and decides nothing else. */
export interface Contract extends TmpfsContract {
  readonly profile: Profile;
  /**
   * How many ids of its own the machine's user namespace has; undefined where it has the host's (`full` alone
   * has its own).
   */
  readonly ids: number | undefined;
  readonly cgroup: CgroupView;
  /** Set in PID 1's environment, over what is there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Set in PID 1's environment unless it is there. */
  readonly defaultEnvironment: Readonly<Record<string, string>>;
  /** Appended to PID 1's arguments. */
  readonly arguments: readonly string[];
  /** Masks handed over as directories. Those handed over as arguments are in `arguments`. */
  readonly masks: Masks;
  readonly capabilities: readonly string[];
  readonly labels: SecurityLabels;
  /**
   * Capabilities that were asked for and that this host lacks: the real runtime refuses a process that asks
   * for them.
   */
  readonly lacking: readonly string[];
  /** System calls to allow on top of the engine's profile. */
  readonly systemCalls: readonly string[];
  /** System calls that fail with ENOSYS unless the engine's profile names them. */
  readonly unknownSystemCalls: readonly string[];
  /** Linux signal number that shuts the machine down; what the engine's SIGTERM is turned into. */
  readonly stopSignal: number;
  /** Content of /etc/machine-id, or undefined where the machine's own stays. */
  readonly machineId: string | undefined;
  /** Directories of /proc/sys which stay read-only; undefined leaves all of it so. */
  readonly readOnlySysctls: readonly string[] | undefined;
  /** What shows the machine itself in /proc and /sys instead of the host. */
  readonly lxcfs: readonly LxcfsBind[];
  /** What the machine lacks, each one sentence for the user. */
  readonly warnings: readonly string[];
}

/**
 * The contract: what this guest needs on this host for this request. Pure; everything else only applies it.
 * Throws `host-unfit` where the host cannot give it, `usage` where no init could live by it.
 * Sources: systemd's Container Interface, cgroups(7), file-hierarchy(7), capabilities(7).
 */
export function contract(guest: Guest, host: Host, request: MachineRequest, table: Inits = inits): Contract {
  refuseHopeless(request);
  const traits = table[guest.init.kind];
  const byDirectory = masksByDirectory(guest.init);
  const { profile, warnings } = contractProfile(host, request);
  const inheritsNetwork = profile === "full" && request.inheritsNetwork === true;
  const masks = contractMasks(guest.init, inheritsNetwork);
  const cgroups = contractCgroups(guest.init, host.cgroup, profile === "full");
  const asked = profileCapabilities(profile, request);
  const mayReboot = ["ALL", "CAP_SYS_BOOT"].every((name) => !request.dropped?.includes(name));
  const capabilities = grantedCapabilities(asked, host, traits.rebootsToStop && mayReboot);
  const confined = contractLabels(profile, host, request.labels);
  const calls = contractSystemCalls(profile, traits.rebootsToStop, request.refused ?? []);
  return {
    profile,
    ids: profile === "full" ? request.ids : undefined,
    cgroup: cgroups.view,
    ...contractTmpfs(host.memory, {
      init: guest.init.kind,
      profile,
      limit: request.memory,
      shmSize: request.shmSize,
    }),
    environment: { container_uuid: dashed(request.machineId) },
    defaultEnvironment: { container: request.manager },
    arguments: [
      ...cgroups.arguments,
      ...(byDirectory ? [] : masks.units.map((unit) => `systemd.mask=${unit}`)),
    ],
    masks: byDirectory ? masks : { units: [], generators: [] },
    capabilities: capabilities.granted,
    lacking: capabilities.lacking,
    labels: confined.labels,
    systemCalls: calls.allowed,
    unknownSystemCalls,
    stopSignal: traits.stopSignal,
    // An empty or uninitialized one is filled by systemd itself from container_uuid, and keeps its meaning
    // for first boots.
    machineId: isForeign(guest.machineId, request.machineId) ? request.machineId : undefined,
    readOnlySysctls: request.ownNetwork
      ? host.sysctlDirectories.filter((name) => name !== "net").map((name) => `/proc/sys/${name}`)
      : undefined,
    lxcfs: request.lxcfs ? contractLxcfs(host.lxcfs, request.applied) : [],
    warnings: [
      ...warnings,
      ...confined.warnings,
      ...(request.noNewPrivileges ? [noNewPrivileges] : []),
      ...(inheritsNetwork ? [inheritedNetwork(request.ownNetwork)] : []),
      ...cgroups.warnings,
      ...(calls.refused.length > 0
        ? [`the seccomp profile refuses system calls of the machine: ${calls.refused.join(", ")}`]
        : []),
      ...(traits.rebootsToStop && !capabilities.granted.includes("CAP_SYS_BOOT") && !mayReboot
        ? [cannotReboot]
        : []),
      ...capabilities.lacking.map((name) => `this host lacks ${name}: the machine runs without it`),
      ...(request.terminal
        ? []
        : ["without a terminal the machine has no console and logs no boot messages (docker run -t)"]),
    ],
  };
}

/** Refuses requests under which no init can run. */
function refuseHopeless({ applied, user, capabilities }: MachineRequest): void {
  if (user !== undefined && user !== 0) {
    throw new BerthError("usage", `invalid user ${user} for an init (must be root)`, {
      hint: "omit --user, or use --user 0 if the image sets another (USER)",
    });
  }
  if (applied === "runtime" && capabilities.length === 0) {
    throw new BerthError("usage", "--cap-drop=ALL leaves the init without capabilities", {
      hint: "add some (example: --cap-add=CHOWN), or drop single ones",
    });
  }
}

/** The system calls added to a seccomp profile. What the user's profile refuses by name stays refused. */
function contractSystemCalls(profile: Profile, reboots: boolean, refused: readonly string[]) {
  const groups = [...systemCalls, ...(profile === "full" ? fullSystemCalls : [])];
  const wanted = [...groups.flatMap((group) => group.names), ...(reboots ? ["reboot"] : [])];
  return {
    allowed: wanted.filter((name) => !refused.includes(name)),
    refused: wanted.filter((name) => refused.includes(name)),
  };
}

const cannotReboot =
  "without CAP_SYS_BOOT this init cannot call reboot(2) to end: " +
  "the machine cannot shut down by itself, and a stop kills it after the timeout";

const noNewPrivileges =
  "no-new-privileges is on (the container's, or the engine's default): in the machine sudo, su, ping and " +
  "the like gain nothing";

const inheritedNetwork = (isOwn: boolean) =>
  `${isOwn ? "the engine has made the machine's network: the machine" : "the machine shares another container's network and"} ` +
  "cannot change it (addresses, routes, firewall, net.* sysctls); units that set up a network do not start";

function grantedCapabilities(asked: readonly string[], host: Host, reboots: boolean) {
  const wanted = reboots ? [...new Set([...asked, "CAP_SYS_BOOT"])] : asked;
  const known = host.capabilities;
  if (known === undefined) return { granted: wanted, lacking: [] };
  return {
    granted: wanted.filter((name) => known.has(name)),
    lacking: wanted.filter((name) => !known.has(name)),
  };
}

/**
 * Whether the machine-id in the files is not the machine's own. A machine-id stored in the image would be
 * shared by every machine made from it. One that systemd wrote at the machine's first boot stays.
 */
export function isForeign(found: string | undefined, own: string): boolean {
  return found !== undefined && found !== "" && found !== "uninitialized" && found !== own;
}

/** 32 digits as the UUID form that container_uuid has. */
function dashed(machineId: string): string {
  return machineId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

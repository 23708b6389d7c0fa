import type { Contract } from "#contract/contract.ts";
import type { RootFiles } from "#contract/guest.ts";
import type { Host } from "#contract/host.ts";
import { mustTryLayers } from "#contract/obstacle.ts";
import type { Overlay } from "#linux/overlay.ts";
import { joinedNetwork, type OciConfig, type OciMount } from "#oci/config.ts";
import { isSysfs, planBinds, type StagedBind } from "./binds.ts";
import { lostSysctls } from "./sysctl.ts";

/** The mounts that a machine in a user namespace gets before the runtime creates it. */
export interface IsolationPlan {
  /** How many ids it has. */
  readonly ids: number;
  /** Its root's layers. */
  readonly overlay: Overlay;
  /** Whether only an attempt shows if overlayfs takes them with mapped ids. */
  readonly triesLayers: boolean;
  readonly binds: readonly StagedBind[];
  /** The path of another container's network namespace, which it joins. */
  readonly network: string | undefined;
  /** Whether to mount that network's sysfs, which the machine cannot mount itself. */
  readonly sysfs: boolean;
  /** Whether its own root owns its user namespace; else the host's does. */
  readonly ownsNamespace: boolean;
  /** For its root's own /etc/hostname, before its first start; undefined where that is left alone. */
  readonly hostname: string | undefined;
  /** Whether the launcher is to share its mounts at `start`. */
  readonly sharesAtStart: boolean;
  /** Its own mount(8), which shares them where no `start` follows; undefined where none is to. */
  readonly mountProgram: string | undefined;
  readonly warnings: readonly string[];
}

export interface IsolationFacts {
  readonly contract: Contract & { readonly ids: number };
  readonly overlay: Overlay;
  readonly host: Pick<Host, "capabilities" | "kernel">;
  /** The mounts that it keeps. */
  readonly mounts: readonly OciMount[];
  /** The machine's files as they will be. */
  readonly files: RootFiles;
  /** Whether the container's host name is to be written into its root. */
  readonly writesHostname: boolean;
  /** Whether it is started by `run` alone. */
  readonly alone: boolean;
}

/** Plans the stage of a machine whose contract gives it ids of its own. */
export function planIsolation(
  config: OciConfig,
  { contract, overlay, host, mounts, files, writesHostname, alone }: IsolationFacts,
): IsolationPlan {
  const sharesMounts = mayShareMounts(contract);
  return {
    ids: contract.ids,
    overlay,
    triesLayers: mustTryLayers(host.kernel),
    binds: planBinds(mounts),
    network: joinedNetwork(config),
    sysfs: needsSysfs(config, mounts),
    ownsNamespace: ownsItsNamespace(config, host.capabilities),
    hostname: writesHostname ? (config.hostname ?? "") : undefined,
    sharesAtStart: sharesMounts && !alone,
    mountProgram: sharesMounts && alone ? findMount(files) : undefined,
    warnings: lostSysctls(config).map(
      (name) => `ignoring the sysctl ${name}: it belongs to the network that the machine joins`,
    ),
  };
}

/** Whether the sysfs of the network that a machine joins is to be mounted for it. */
export function needsSysfs(config: OciConfig, mounts: readonly OciMount[]): boolean {
  return joinedNetwork(config) !== undefined && mounts.some(isSysfs);
}

/**
 * Whether the machine's root owns its user namespace, so that the kernel charges per-user limits to it and
 * not to the host's root. Over a namespace of another user the runtime has only its own capabilities: use the
 * host's root as owner if it lacks a required one.
 */
export function ownsItsNamespace({ process }: OciConfig, capabilities: Host["capabilities"]): boolean {
  // To signal the machine and look at its namespaces; prlimit(2).
  const needed = [
    "CAP_KILL",
    "CAP_SYS_PTRACE",
    ...((process.rlimits ?? []).length > 0 ? ["CAP_SYS_RESOURCE"] : []),
  ];
  return needed.every((name) => capabilities?.has(name) !== false);
}

/** Whether the machine's root may share its mounts: not with dropped capabilities or refused system calls. */
function mayShareMounts({ capabilities, systemCalls }: Contract): boolean {
  return capabilities.includes("CAP_SYS_ADMIN") && systemCalls.includes("mount");
}

function findMount(files: RootFiles): string | undefined {
  return ["/bin/mount", "/usr/bin/mount"].find((path) => files.resolve(path) !== undefined);
}

/** Warnings for binds whose file systems map no ids, except the kernel's own file systems. */
export function renderUnmapped(binds: readonly StagedBind[]): readonly string[] {
  return binds
    .filter(({ destination }) => !/^\/(dev|proc|sys)(\/|$)/.test(destination))
    .map(
      ({ destination }) =>
        `the file system at ${destination} cannot map ids: the machine sees its files as owned by nobody`,
    );
}

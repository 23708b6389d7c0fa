import type { Contract } from "#contract/contract.ts";
import { boundTmpfs, tmpfsOptions } from "#contract/tmpfs.ts";
import { BerthError } from "#errors.ts";
import { hiddenFiles, visibleCgroups } from "./degradations.ts";

/** The part of the contract that the Engine API can express, for an engine without berth-runtime. */
export interface ApiContract {
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly binds: readonly string[];
  readonly cgroupParent: string | undefined;
  readonly cgroupNamespace: "private" | "host";
  readonly environment: readonly string[];
  readonly arguments: readonly string[];
  readonly capabilitiesAdded: readonly string[];
  readonly securityOptions: readonly string[];
  /** As the API takes it: a number, since engines refuse some names. */
  readonly stopSignal: string;
  /** What the machine lacks compared with berth-runtime, each one sentence. */
  readonly degradations: readonly string[];
}

export interface ApiEngine {
  /** Such as [28, 5]. */
  readonly version: readonly [number, number];
  readonly cgroupDriver: string;
}

/** From here on `--security-opt writable-cgroups=true` exists (Docker 28 release notes). */
export const firstWithWritableCgroups = 28;

/**
 * Renders the contract of one machine; `asked` are its own tmpfs mounts, path → options. Throws `host-unfit`
 * if only the runtime can apply it.
 */
export function renderApiContract(
  machine: string,
  contract: Contract,
  engine: ApiEngine,
  asked: Readonly<Record<string, string>> = {},
): ApiContract {
  const bounded = (target: string, options: string) =>
    boundTmpfs(target, options === "" ? [] : options.split(","), contract);
  const tmpfs = Object.fromEntries([
    ...[...contract.tmpfs, contract.shm].map(
      (own) => [own.target, ["rw", ...tmpfsOptions(own)].join(",")] as const,
    ),
    ...Object.entries(asked).map(
      ([target, options]) => [target, bounded(target, options).join(",")] as const,
    ),
  ]);
  const common = {
    environment: Object.entries({ ...contract.defaultEnvironment, ...contract.environment }).map(
      ([name, value]) => `${name}=${value}`,
    ),
    // Masks cannot be mounted from here: systemd takes them as arguments too.
    arguments: [...contract.arguments, ...contract.masks.units.map((unit) => `systemd.mask=${unit}`)],
    capabilitiesAdded: contract.capabilities,
    stopSignal: String(contract.stopSignal),
  };
  const degradations = [hiddenFiles, "systemd generators unsuitable for containers run at boot"];
  switch (contract.cgroup) {
    case "read-only":
      return {
        ...common,
        tmpfs,
        binds: [],
        cgroupParent: undefined,
        cgroupNamespace: "private",
        securityOptions: [],
        degradations,
      };
    case "cgroup2":
      if (engine.version[0] < firstWithWritableCgroups) {
        throw new BerthError(
          "host-unfit",
          `${machine}: this engine cannot give a machine its own cgroups: ` +
            `cgroup v2 needs berth-runtime or Docker ${firstWithWritableCgroups}`,
          {
            hint: "run `berth install runtime` on the engine's host",
          },
        );
      }
      return {
        ...common,
        tmpfs,
        binds: [],
        cgroupParent: undefined,
        cgroupNamespace: "private",
        securityOptions: ["writable-cgroups=true"],
        degradations,
      };
    default: {
      const parent = cgroupParent(machine, engine.cgroupDriver);
      return {
        ...common,
        ...(contract.cgroup === "named" ? namedView(tmpfs, parent.path) : unifiedView(tmpfs, parent.path)),
        cgroupParent: parent.name,
        cgroupNamespace: "host",
        securityOptions: [],
        degradations: [...degradations, visibleCgroups],
      };
    }
  }
}

/**
 * Directly below the root: engines never remove a parent, and removing a shared one would race with the start
 * of another machine.
 */
const ownCgroup = "/berth-machine-";

/**
 * Whether a container's parent cgroup is one that was made for it alone. With the systemd driver it is
 * systemd that removes it.
 */
export function isCgroupParent(parent: string): boolean {
  return parent.startsWith(ownCgroup) && !parent.slice(1).includes("/");
}

/** The parent cgroup that a machine has where the engine makes cgroups itself, without systemd. */
export function ownCgroupParent(machine: string): string {
  return ownCgroup + machine;
}

/**
 * The machine's own parent cgroup, which alone it may write to: `/berth-machine-web`, or with the systemd
 * driver berth-web.slice.
 */
function cgroupParent(machine: string, driver: string): { readonly name: string; readonly path: string } {
  if (driver !== "systemd") return { name: ownCgroupParent(machine), path: ownCgroupParent(machine) };
  // A dash in a slice's name nests (systemd.slice(5)).
  const slice = `berth-${machine.replaceAll("-", "_")}.slice`;
  return { name: slice, path: `/berth.slice/${slice}` };
}

function namedView(tmpfs: Readonly<Record<string, string>>, parent: string) {
  const hierarchy = "/sys/fs/cgroup/systemd";
  return {
    tmpfs: { ...tmpfs, "/sys/fs/cgroup": "rw,nosuid,nodev,noexec,mode=755" },
    binds: [`${hierarchy}:${hierarchy}:ro`, `${hierarchy}${parent}:${hierarchy}${parent}:rw`],
  };
}

function unifiedView(tmpfs: Readonly<Record<string, string>>, parent: string) {
  const hierarchy = "/sys/fs/cgroup/unified";
  return {
    tmpfs,
    binds: [`${hierarchy}:/sys/fs/cgroup:ro`, `${hierarchy}${parent}:/sys/fs/cgroup${parent}:rw`],
  };
}

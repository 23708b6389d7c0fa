import type { Profile } from "#contract/profiles.ts";
import type { MachineRequest } from "#contract/request.ts";
import type { EngineRecord } from "#host/facts/engine-record.ts";
import { sha256 } from "#host/files/sha256.ts";
import { isOthersNetwork } from "#host/namespace/network-namespace.ts";
import { environmentOf, joinedNetwork, type OciConfig, ownsNamespace } from "#oci/config.ts";
import { hasMadeNetwork, managerOf } from "#oci/manager.ts";
import { refusedCalls } from "#oci/refused-calls.ts";
import { askedShmSize, memoryLimit } from "#oci/tmpfs.ts";
import { keepsMachineId, requestedIds, requestedLxcfs } from "#plan/machine/runtime-request.ts";

export interface RequestedBy {
  /** The container's id. */
  readonly id: string;
  readonly profile: Profile | undefined;
  /** What the machine's /etc/machine-id holds. */
  readonly found: string | undefined;
  readonly record: EngineRecord | undefined;
}

/** What a container asks for, by its config.json and the namespaces that this names. Throws `usage`. */
export function readRequest(
  config: OciConfig,
  { id, profile, found, record }: RequestedBy,
): Omit<MachineRequest, "storage" | "obstacle"> {
  const capabilities = config.process.capabilities?.bounding ?? [];
  const network = joinedNetwork(config);
  return {
    profile,
    applied: "runtime",
    ids: requestedIds(config, record !== undefined),
    lxcfs: requestedLxcfs(config),
    memory: memoryLimit(config),
    shmSize: askedShmSize(config),
    capabilities,
    dropped: record?.dropped,
    refused: refusedCalls(config),
    user: config.process.user?.uid,
    terminal: config.process.terminal ?? false,
    machineId:
      keepsMachineId(config) && isMachineId(found)
        ? found
        : machineIdOf(environmentOf(config, "container_uuid"), id),
    labels: { apparmor: config.process.apparmorProfile, selinux: config.process.selinuxLabel },
    noNewPrivileges: config.process.noNewPrivileges,
    manager: managerOf(config),
    remapped: config.linux?.namespaces?.some(({ type }) => type === "user") ?? false,
    shared: ["network", "pid", "ipc", "uts"].filter((type) => !isOwn(config, type)),
    ownNetwork: isOwn(config, "network"),
    inheritsNetwork: network !== undefined && isOthersNetwork(network),
  };
}

/** Whether a namespace is the container's alone, whoever makes it. */
function isOwn(config: OciConfig, type: string): boolean {
  return ownsNamespace(config, type) || (type === "network" && hasMadeNetwork(config));
}

/** machine-id(5): 32 lower-case hexadecimal digits, not all of them zero. */
function isMachineId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text);
}

/**
 * The user's container_uuid, else the head of the engine's id, which is random and lives as long as the
 * machine.
 */
function machineIdOf(uuid: string | undefined, id: string): string {
  const digits = uuid?.replaceAll("-", "").toLowerCase();
  if (digits !== undefined && /^[0-9a-f]{32}$/.test(digits)) return digits;
  return /^[0-9a-f]{32}/.test(id) ? id.slice(0, 32) : sha256(id).slice(0, 32);
}

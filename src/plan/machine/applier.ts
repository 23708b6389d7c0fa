import type { SystemInfo } from "#api/system.ts";
import { contract } from "#contract/contract.ts";
import type { Guest } from "#contract/guest.ts";
import type { Host } from "#contract/host.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { type ApiContract, renderApiContract } from "./api-contract.ts";
import { runtimeName } from "./berth-runtime.ts";

/** What applies the contract to a machine: berth-runtime under this name, or the Engine API alone. */
export type Applier = { readonly runtime: string } | { readonly api: ApiContract };

/** The chosen applier, and what the machine needs with it. */
export interface ChosenApplier {
  readonly applier: Applier;
  /** Content of /etc/machine-id that the machine needs before its first start. */
  readonly machineId: string | undefined;
  readonly warnings: readonly string[];
}

/** berth-runtime, which determines itself what the machine needs. */
export const byRuntime: ChosenApplier = {
  applier: { runtime: runtimeName },
  machineId: undefined,
  warnings: [],
};

/** The request to the Engine API for a machine's contract. */
export interface ApiRequest
  extends Pick<MachineSpec, "name" | "profile" | "capabilities" | "ids" | "lxcfs" | "memory"> {
  readonly shmSize?: number | undefined;
  /** Path → mount options, as the Engine API has them. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** 32 hexadecimal digits. */
  readonly machineId: string;
}

/** Plans a machine's contract for the Engine API alone. Throws `host-unfit`. */
export function chooseByApi(info: SystemInfo, guest: Guest, request: ApiRequest): ChosenApplier {
  const needs = contract(guest, hostOf(info), {
    profile: request.profile,
    capabilities: request.capabilities,
    terminal: true,
    machineId: request.machineId,
    manager: "docker",
    ownNetwork: false,
    applied: "api",
    ids: request.ids ?? 0,
    lxcfs: request.lxcfs,
    memory: request.memory,
    shmSize: request.shmSize,
    storage: { fault: "other-type", type: undefined },
    remapped: false,
    shared: [],
  });
  const [major = 0, minor = 0] = info.ServerVersion.split(".").map((part) => Number.parseInt(part, 10));
  const api = renderApiContract(
    request.name,
    needs,
    { version: [major, minor], cgroupDriver: info.CgroupDriver },
    request.tmpfs,
  );
  return { applier: { api }, machineId: needs.machineId, warnings: [...needs.warnings, ...api.degradations] };
}

/** The engine's host as its API tells it: nothing of hybrid or v1, nor of capabilities. */
function hostOf(info: SystemInfo): Host {
  const [major = 0, minor = 0] = info.KernelVersion.split(/[.-]/).map(Number);
  const v2 = info.CgroupVersion === "2";
  return {
    cgroup: {
      layout: v2 ? "v2" : "hybrid",
      named: v2 ? undefined : "/sys/fs/cgroup/systemd",
      unified: v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified",
      nsdelegate: true,
    },
    capabilities: undefined,
    userNamespaces: "free",
    lsm: {
      apparmor: info.SecurityOptions.some((option) => option.startsWith("name=apparmor")),
      selinux: info.SecurityOptions.some((option) => option.startsWith("name=selinux")),
    },
    sysctlDirectories: [],
    memory: info.MemTotal,
    kernel: [major, minor],
  };
}

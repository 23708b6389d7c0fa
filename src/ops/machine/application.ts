import { randomBytes } from "node:crypto";
import { contract } from "#contract/contract.ts";
import type { Guest } from "#contract/guest.ts";
import type { Host } from "#contract/host.ts";
import type { Engine } from "#engine/connection/engine.ts";
import type { SystemInfo } from "#engine/system.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { renderTmpfs } from "#machinefile/value/tmpfs.ts";
import { renderApiContract } from "#plan/machine/api-contract.ts";
import { type Application, machineCommand, type PlannedImage } from "#plan/machine/container.ts";
import { probeGuest } from "./guest-probe.ts";

/** The name under which `berth install runtime` registers berth-runtime. */
export const runtimeName = "berth";

export interface ChosenApplication {
  readonly application: Application;
  /** Content of /etc/machine-id that the machine needs before its first start. */
  readonly machineId: string | undefined;
  readonly warnings: readonly string[];
}

/** By berth-runtime, which looks for itself what the machine needs. */
export const byRuntime: ChosenApplication = {
  application: { runtime: runtimeName },
  machineId: undefined,
  warnings: [],
};

/** Whether the engine runs every machine by berth-runtime. */
export function hasRuntime(info: SystemInfo): boolean {
  return Object.hasOwn(info.Runtimes, runtimeName);
}

/**
 * How a machine gets what its init needs on an engine without berth-runtime: by the Engine API. Throws
 * `no-init`, `host-unfit`.
 */
export async function applyByApi(
  engine: Engine,
  info: SystemInfo,
  machine: MachineSpec,
  image: PlannedImage,
  signal: AbortSignal,
): Promise<ChosenApplication> {
  const guest = await probeGuest(engine, image, machineCommand(machine, image), signal);
  return chooseByApi(info, guest, {
    ...machine,
    tmpfs: renderTmpfs(machine),
    machineId: randomBytes(16).toString("hex"),
  });
}

/** What decides how the Engine API gives a machine what its init needs. */
export interface ApiWishes
  extends Pick<MachineSpec, "name" | "profile" | "capabilities" | "ids" | "lxcfs" | "memory"> {
  readonly shmSize?: number | undefined;
  /** Path → mount options, as the Engine API has them. */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** 32 hexadecimal digits. */
  readonly machineId: string;
}

/** The same where the guest is known. Throws `host-unfit`. */
export function chooseByApi(info: SystemInfo, guest: Guest, wishes: ApiWishes): ChosenApplication {
  const needs = contract(guest, hostOf(info), {
    profile: wishes.profile,
    capabilities: wishes.capabilities,
    terminal: true,
    machineId: wishes.machineId,
    manager: "docker",
    ownNetwork: false,
    applied: "api",
    ids: wishes.ids ?? 0,
    lxcfs: wishes.lxcfs,
    memory: wishes.memory,
    shmSize: wishes.shmSize,
    storage: "other",
    remapped: false,
    shared: [],
  });
  const [major = 0, minor = 0] = info.ServerVersion.split(".").map((part) => Number.parseInt(part, 10));
  const api = renderApiContract(
    wishes.name,
    needs,
    { version: [major, minor], cgroupDriver: info.CgroupDriver },
    wishes.tmpfs,
  );
  return { application: { api }, machineId: needs.machineId, warnings: [...needs.warnings, ...api.weaker] };
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

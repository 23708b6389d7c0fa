import { BerthError } from "#errors.ts";
import type { Host } from "./host.ts";
import { hostObstacles, type Obstacle, renderObstacle } from "./obstacle.ts";
import type { Profile } from "./profiles.ts";
import type { MachineRequest } from "./request.ts";

/** The profile that a machine gets, and what is to be said when it is not the one that is the default. */
export interface ProfileChoice {
  readonly profile: Profile;
  readonly warnings: readonly string[];
}

const hint = "choose another profile (example: strict), or run `berth doctor` to see what this host lacks";

/**
 * `full` wherever the host can, unless another was asked for. Where it cannot, a machine that asked for
 * nothing is `strict`, with a warning that says why. Throws `host-unfit` when `full` was asked for by name,
 * and for a machine that has been full: what is in it may have brought about what is missing.
 */
export function contractProfile(host: Host, request: MachineRequest): ProfileChoice {
  const wanted = request.profile ?? "full";
  if (wanted !== "full") return { profile: wanted, warnings: [] };
  const [obstacle] = [...hostObstacles(host), ...machineObstacles(request)];
  if (obstacle === undefined) return { profile: "full", warnings: [] };
  const reason = renderObstacle(obstacle);
  if (request.profile !== undefined) {
    throw new BerthError("host-unfit", `profile "full" is not available on this host: ${reason}`, { hint });
  }
  if (request.wasFull) {
    throw new BerthError(
      "host-unfit",
      `profile "full" of this machine is no longer available on this host: ${reason}`,
      {
        hint:
          "run `berth doctor` to see what this host lacks, " +
          'or create the machine again with profile "strict"',
      },
    );
  }
  return {
    profile: "strict",
    warnings: [`using profile "strict": profile "full" is not available on this host: ${reason}`],
  };
}

/** What about a machine, or its engine, keeps it from a user namespace of its own. */
function machineObstacles({
  storage,
  shared,
  inheritsNetwork,
  applied,
  remapped,
  refusal,
}: MachineRequest): readonly Obstacle[] {
  if (applied === "api") return [{ code: "no-runtime" }];
  const obstacles: Obstacle[] = [];
  if (remapped) obstacles.push({ code: "engine-maps-ids" });
  if (refusal !== undefined) obstacles.push(refusal);
  if (storage !== "overlay") obstacles.push({ code: "no-overlay" });
  // What these namespaces own can only be mounted or changed from the user namespace that made them. Of a
  // container's network that is little: its sysfs is mounted from outside, and what cannot be changed is
  // said.
  const isBearable = inheritsNetwork === true && shared.every((type) => type === "network");
  if (shared.length > 0 && !isBearable) obstacles.push({ code: "shared-namespaces", namespaces: shared });
  return obstacles;
}

/** What the engine gives to a container whose user has neither added nor dropped any (Docker, Podman). */
const engineDefaults = [
  ...[
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
  ],
  ...["CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"],
];

/**
 * systemd-nspawn(1)'s set with a network of its own. In a user namespace each holds only over what that
 * namespace owns: its processes, mounts, network and files; none over anything of the host.
 */
const fullCapabilities = [
  ...engineDefaults,
  ...[
    "CAP_AUDIT_CONTROL",
    "CAP_DAC_READ_SEARCH",
    "CAP_IPC_OWNER",
    "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_ADMIN",
  ],
  ...[
    "CAP_NET_BROADCAST",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_PTRACE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TTY_CONFIG",
  ],
];

/**
 * The capabilities of a profile: the ones that were asked for; `full` adds its own and leaves out what the
 * user dropped. Who dropped all has what was added and no more, and so has who may have, where the engine
 * does not tell.
 */
export function profileCapabilities(
  profile: Profile,
  asked: readonly string[],
  dropped: readonly string[] | undefined,
): readonly string[] {
  if (profile !== "full") return asked;
  const gone = engineDefaults.filter((name) => !asked.includes(name));
  if (dropped === undefined ? gone.length > 0 : dropped.includes("ALL")) return asked;
  const without = new Set([...gone, ...(dropped ?? [])]);
  return [...new Set([...fullCapabilities, ...asked])].filter((name) => !without.has(name));
}

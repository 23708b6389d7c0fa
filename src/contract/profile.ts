import { BerthError } from "#errors.ts";
import type { Host } from "./host.ts";
import { hostObstacles, type Obstacle, renderObstacle } from "./obstacle.ts";
import type { Profile } from "./profiles.ts";
import type { MachineRequest } from "./request.ts";

/** The profile that a machine gets, and the warnings if it is not the default one. */
export interface ProfileChoice {
  readonly profile: Profile;
  readonly warnings: readonly string[];
}

const hint = "choose another profile (example: strict), or run `berth doctor` to see what this host lacks";

/**
 * `full` where the host supports it, unless the request names another profile. Otherwise, a machine without a
 * requested profile is `strict`, with a warning that gives the reason. Throws `host-unfit` if the request
 * names `full`, and for a machine that was full before: its content may have caused the obstacle.
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

/** The obstacles to a user namespace that a machine or its engine has. */
function machineObstacles({
  storage,
  shared,
  inheritsNetwork,
  applied,
  remapped,
  refusal,
  labels,
  mayMount,
}: MachineRequest): readonly Obstacle[] {
  if (applied === "api") return [{ code: "no-runtime" }];
  const obstacles: Obstacle[] = [];
  if (remapped) obstacles.push({ code: "engine-maps-ids" });
  if (refusal !== undefined) obstacles.push(refusal);
  if (storage !== "overlay") obstacles.push({ code: "no-overlay", storage });
  // Only the user namespace that created these namespaces can mount or change what they own. For a
  // container's network that is little: berth mounts its sysfs from outside, and a warning lists the rest.
  const isBearable = inheritsNetwork === true && shared.every((type) => type === "network");
  if (shared.length > 0 && !isBearable) obstacles.push({ code: "shared-namespaces", namespaces: shared });
  if (labels?.apparmor !== undefined && mayMount === false)
    obstacles.push({ code: "profile-forbids-mounts", apparmor: labels.apparmor });
  return obstacles;
}

/** Docker's default capabilities. */
const dockerDefaults = [
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

/** The default capabilities of an engine; Podman (4 and later, containers.conf(5)) has fewer than Docker. */
const engineDefaults: Readonly<Record<MachineRequest["manager"], readonly string[]>> = {
  docker: dockerDefaults,
  oci: dockerDefaults,
  podman: dockerDefaults.filter((name) => !["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"].includes(name)),
};

/**
 * systemd-nspawn(1)'s set with a network of its own. In a user namespace each holds only over what that
 * namespace owns: its processes, mounts, network and files; none over anything of the host.
 */
const fullCapabilities = [
  ...dockerDefaults,
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
 * The capabilities of a profile. `full` adds its own to the requested ones and removes the dropped ones. With
 * `--cap-drop=ALL`, or if the engine does not report drops and a default one is missing, only the requested
 * ones remain.
 */
export function profileCapabilities(
  profile: Profile,
  { capabilities: asked, dropped, manager }: Pick<MachineRequest, "capabilities" | "dropped" | "manager">,
): readonly string[] {
  if (profile !== "full") return asked;
  const gone = engineDefaults[manager].filter((name) => !asked.includes(name));
  if (dropped === undefined ? gone.length > 0 : dropped.includes("ALL")) return asked;
  const without = new Set([...gone, ...(dropped ?? [])]);
  return [...new Set([...fullCapabilities, ...asked])].filter((name) => !without.has(name));
}

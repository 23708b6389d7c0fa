import { BerthError } from "#errors.ts";
import type { Profile } from "#machinefile/machine.ts";
import type { Host } from "./host.ts";
import type { MachineRequest } from "./request.ts";

/** The profile that a machine gets, and what is to be said when it is not the one that is the default. */
export interface ProfileChoice {
  readonly profile: Profile;
  readonly warnings: readonly string[];
}

/** The first kernel that lets overlayfs have layers with mapped ids. */
const firstWithMappedLayers = [5, 19] as const;
const hint = "name another profile (strict), or see what this host lacks with `berth doctor`";

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
  if (request.profile !== undefined) {
    throw new BerthError("host-unfit", `the profile full is not possible here: ${obstacle}`, { hint });
  }
  if (request.wasFull) {
    throw new BerthError(
      "host-unfit",
      `this machine has been full, and now that is not possible here: ${obstacle}`,
      {
        hint: "see what this host lacks with `berth doctor`, or make the machine anew with the profile strict by name",
      },
    );
  }
  return {
    profile: "strict",
    warnings: [`the machine is strict, since full is not possible here: ${obstacle}`],
  };
}

/** What about a host keeps its machines from user namespaces of their own; each a clause for the user. */
export function hostObstacles({
  kernel,
  userNamespaces,
  capabilities,
  fuse,
}: Pick<Host, "kernel" | "userNamespaces" | "capabilities" | "fuse">): readonly string[] {
  const [major, minor] = kernel;
  const obstacles: string[] = [];
  if (
    major < firstWithMappedLayers[0] ||
    (major === firstWithMappedLayers[0] && minor < firstWithMappedLayers[1])
  ) {
    obstacles.push(
      `kernel ${major}.${minor} cannot map the ids of an image's layers (${firstWithMappedLayers.join(".")} can)`,
    );
  }
  if (userNamespaces === "nested") obstacles.push("the engine itself runs in a user namespace");
  if (userNamespaces === "off")
    obstacles.push("user namespaces are switched off (sysctl user.max_user_namespaces)");
  if (fuse === false)
    obstacles.push("there is no /dev/fuse, by which the engine sees the machine's files (modprobe fuse)");
  const lacking = needed.filter((name) => capabilities?.has(name) === false);
  if (lacking.length > 0) obstacles.push(`this host lacks ${lacking.join(", ")}`);
  return obstacles;
}

/** To mount, to write id maps that hold the host's root, to give away cgroups. */
const needed = ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP", "CAP_CHOWN"];

/** Said by doctor too. */
export const engineMapsIds = "the engine maps ids itself (userns-remap, rootless)";

function machineObstacles({
  storage,
  shared,
  inheritsNetwork,
  applied,
  remapped,
  obstacle,
}: MachineRequest): readonly string[] {
  if (applied === "api") return ["the engine does not know berth-runtime (berth install runtime)"];
  const obstacles: string[] = [];
  if (remapped) obstacles.push(engineMapsIds);
  if (obstacle !== undefined) obstacles.push(obstacle);
  if (storage !== "overlay")
    obstacles.push("the engine does not keep the machine's files in an overlay (storage driver overlay2)");
  // What these namespaces own can only be mounted or changed from the user namespace that made them. Of a
  // container's network that is little: its sysfs is mounted from outside, and what cannot be changed is
  // said.
  const isBearable = inheritsNetwork === true && shared.every((type) => type === "network");
  if (shared.length > 0 && !isBearable)
    obstacles.push(`the machine shares another's namespaces: ${shared.join(", ")}`);
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

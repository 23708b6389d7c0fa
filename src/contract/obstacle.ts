import type { NoOverlay } from "#linux/overlay.ts";
import type { Host } from "./host.ts";

/** Why a machine cannot have the profile `full`: a code, and the facts for its message. */
export type Obstacle =
  | { readonly code: "kernel-too-old"; readonly kernel: Host["kernel"] }
  | { readonly code: "engine-in-user-namespace" }
  | { readonly code: "user-namespaces-off" }
  | { readonly code: "no-fuse" }
  | { readonly code: "proc-covered"; readonly point: string }
  | { readonly code: "lacking-capabilities"; readonly capabilities: readonly string[] }
  | { readonly code: "no-runtime" }
  | { readonly code: "engine-maps-ids" }
  | LayersUnmapped
  | { readonly code: "no-overlay"; readonly storage: NoOverlay }
  | { readonly code: "shared-namespaces"; readonly namespaces: readonly string[] }
  | { readonly code: "profile-forbids-mounts"; readonly apparmor: string };

/** The file system of the machine's layers maps no ids, which only an attempt shows. */
export interface LayersUnmapped {
  readonly code: "layers-unmapped";
  /** The system call that the host refused, and with what (errno(3)). */
  readonly call: string;
  readonly errno: string;
}

/** The first kernel that maps the ids of a mount (mount_setattr(2)). */
const firstWithMappedMounts = [5, 12] as const;
/** The first that lets overlayfs have layers with mapped ids; distributions have that in older ones, too. */
const firstWithMappedLayers = [5, 19] as const;

type Kernel = Host["kernel"];

const isBefore = ([major, minor]: Kernel, [first, second]: Kernel) =>
  major < first || (major === first && minor < second);

/** Whether a kernel's version leaves open if overlayfs takes layers with mapped ids: an attempt shows it. */
export const mustTryLayers = (kernel: Kernel): boolean =>
  isBefore(kernel, firstWithMappedLayers) && !isBefore(kernel, firstWithMappedMounts);

/** For mounts, id maps that contain the host's root, and cgroup delegation. */
const needed = ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP", "CAP_CHOWN"];

/** The obstacles to user namespaces that a host has. */
export function hostObstacles({
  kernel,
  userNamespaces,
  capabilities,
  fuse,
  mapsLayers,
  procCover,
}: Pick<
  Host,
  "kernel" | "userNamespaces" | "capabilities" | "fuse" | "mapsLayers" | "procCover"
>): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (isBefore(kernel, firstWithMappedMounts) || (mustTryLayers(kernel) && mapsLayers === false))
    obstacles.push({ code: "kernel-too-old", kernel });
  if (userNamespaces === "nested") obstacles.push({ code: "engine-in-user-namespace" });
  if (userNamespaces === "off") obstacles.push({ code: "user-namespaces-off" });
  if (fuse === false) obstacles.push({ code: "no-fuse" });
  if (procCover !== undefined) obstacles.push({ code: "proc-covered", point: procCover });
  const lacking = needed.filter((name) => capabilities?.has(name) === false);
  if (lacking.length > 0) obstacles.push({ code: "lacking-capabilities", capabilities: lacking });
  return obstacles;
}

/** A clause for the user, which may follow a colon. */
export function renderObstacle(obstacle: Obstacle): string {
  switch (obstacle.code) {
    case "kernel-too-old":
      return (
        `kernel ${obstacle.kernel.join(".")} cannot map the ids of image layers ` +
        `(needs ${firstWithMappedLayers.join(".")} or later)`
      );
    case "engine-in-user-namespace":
      return "the engine itself runs in a user namespace";
    case "user-namespaces-off":
      return "the kernel allows no user namespaces (sysctl user.max_user_namespaces)";
    case "no-fuse":
      return "missing /dev/fuse, by which the engine sees the machine's files (modprobe fuse)";
    case "proc-covered":
      return `the mount at ${obstacle.point} lets no user namespace have a /proc of its own`;
    case "lacking-capabilities":
      return `this host lacks ${obstacle.capabilities.join(", ")}`;
    case "no-runtime":
      return "the engine does not know berth-runtime (berth install runtime)";
    case "engine-maps-ids":
      return "the engine maps ids itself (userns-remap, rootless)";
    case "layers-unmapped":
      return (
        "this host cannot mount the machine's layers with mapped ids: " +
        `${obstacle.call}: ${obstacle.errno}`
      );
    case "no-overlay":
      return renderNoOverlay(obstacle.storage);
    case "shared-namespaces":
      return `the machine shares another's namespaces: ${obstacle.namespaces.join(", ")}`;
    case "profile-forbids-mounts":
      return `the AppArmor profile "${obstacle.apparmor}" forbids mounts`;
  }
}

function renderNoOverlay(storage: NoOverlay): string {
  switch (storage.fault) {
    case "other-type":
      return (
        `the engine does not keep the machine's files in an overlay${storage.type ? ` but in ${storage.type}` : ""} ` +
        "(storage driver overlay2)"
      );
    case "read-only":
      return "the overlay of the machine's files is read-only";
    case "data-layers":
      return "the overlay of the machine's files has layers of data alone (composefs)";
    case "unknown-layers":
      return "the overlay of the machine's files names its layers relative to an unknown directory";
  }
}

import { existsSync } from "node:fs";
import type { Host } from "#contract/host.ts";
import type { MachineRequest } from "#contract/request.ts";
import { readHost } from "#host/facts/facts.ts";
import { readRealRuntime } from "#host/facts/real-runtime.ts";
import { readLxcfs } from "#host/lxcfs/lxcfs.ts";
import { hasBeenStaged } from "#host/namespace/stage/overlay.ts";
import { type Overlay, parseOverlay } from "#linux/overlay.ts";
import type { RealRuntime } from "#oci/real-runtime.ts";
import { observeLabels } from "./observe-labels.ts";
import type { MachineContainer } from "./read-container.ts";
import { readRequest } from "./read-request.ts";

/** What the contract of a container depends on beside itself. */
export interface Observed {
  readonly host: Host;
  readonly request: MachineRequest;
  /**
   * The overlay that the engine has mounted as its root; undefined if its layers cannot be mounted again, and
   * for a machine that will not be full.
   */
  readonly overlay: Overlay | undefined;
  /** Undefined for one that berth does not know. */
  readonly runtime: RealRuntime | undefined;
}

/** Whether a machine may become full: unless another profile was asked for. */
export function mayBeFull({ profile }: MachineContainer): boolean {
  return profile === undefined || profile === "full";
}

/**
 * Reads the host for a container; `mountinfo` is of this process's mount namespace. Throws `usage` for an
 * impossible request, `host-unfit` without any cgroup mount.
 */
export function observe(
  container: MachineContainer,
  { id, real, home }: { readonly id: string; readonly real: string; readonly home: string },
  mountinfo: string,
): Observed {
  const { config, rootPath, profile, guest, record } = container;
  const found = parseOverlay(mountinfo, rootPath, existsSync);
  const overlay = mayBeFull(container) && !("fault" in found) ? found : undefined;
  const request = readRequest(config, { id, profile, found: guest.machineId, record });
  const host = readHost(mountinfo);
  const { mayMount, ...lsm } = observeLabels(host.lsm, request.labels, mayBeFull(container));
  return {
    host: { ...host, lsm, lxcfs: request.lxcfs ? readLxcfs(mountinfo) : undefined },
    request: {
      ...request,
      mayMount,
      storage: "fault" in found ? found : "overlay",
      wasFull: overlay !== undefined && hasBeenStaged(overlay),
    },
    overlay,
    runtime: readRealRuntime(real, home),
  };
}

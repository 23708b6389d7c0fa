import type { ContainerConfig } from "./container-config.ts";
import type { HostConfig } from "./host-config.ts";
import type { NetworkingConfig } from "./network.ts";

/** What POST /containers/create takes (Engine API, "ContainerCreate"). */
export interface CreateBody extends ContainerConfig {
  readonly HostConfig?: HostConfig;
  readonly NetworkingConfig?: NetworkingConfig;
}

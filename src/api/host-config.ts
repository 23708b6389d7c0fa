import type { DockerHostConfig } from "./create-body.ts";

/**
 * The Engine API's HostConfig, as it is asked for and as engines answer it: with null for what nothing was
 * said of, unless it is a text.
 */
export type HostConfig = { readonly [Key in keyof DockerHostConfig]: OrNull<DockerHostConfig[Key]> };

type OrNull<T> = T extends string | undefined ? T : T | null;

/** "80/tcp" → where it is published; null where it is only exposed. */
export type PortMap = Readonly<Record<string, readonly PortBinding[] | null>>;

export interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

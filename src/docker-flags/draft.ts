import type { CreateBody } from "#api/create-body.ts";
import type { HostConfig, Ulimit } from "#api/host-config.ts";
import type { Attachment } from "./attachment.ts";

/**
 * The result of the flags so far, one part a flag; `mergeDeep` merges two. `combinedFlags` later turns the
 * fields outside of `body` into parts of the body.
 */
export interface Draft {
  readonly name?: string;
  readonly platform?: string;
  readonly body?: CreateBody;
  readonly attach?: readonly Stream[];
  readonly entrypoint?: string;
  readonly healthCommand?: string;
  readonly withoutHealth?: boolean;
  /** By their names: a later one replaces an earlier. */
  readonly ulimits?: Readonly<Record<string, Ulimit>>;
  /** Devices by their names in the Container Device Interface. */
  readonly cdiDevices?: readonly string[];
  readonly networks?: readonly Attachment[];
  /** The request of --ip, --network-alias and the like for the first network. */
  readonly endpoint?: Omit<Attachment, "target">;
}

export const streams = ["stdin", "stdout", "stderr"] as const;
export type Stream = (typeof streams)[number];

/** A part of the body's HostConfig. */
export function host(HostConfig: HostConfig): Draft {
  return { body: { HostConfig } };
}

import type { ContainerConfig } from "#api/container-config.ts";
import { label } from "#labels/machine.ts";
import { contentDigest, type Sha256 } from "./content.ts";
import type { RootFacts } from "./root-facts.ts";

/**
 * The configuration of an image (OCI image specification, config.md), as far as berth writes it; Healthcheck
 * is the engine's own (moby, image/spec/v1.2.md).
 */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: "linux";
  /** RFC 3339. */
  readonly created: string;
  readonly config: Pick<ContainerConfig, "Cmd" | "Entrypoint" | "Env" | "Healthcheck" | "StopSignal"> & {
    readonly Labels: Readonly<Record<string, string>>;
  };
  /** Digests of the layers' plain tars, `sha256:…`. */
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly string[] };
  readonly history: readonly {
    readonly created: string;
    readonly created_by: string;
    readonly comment?: string;
  }[];
}

export interface ImageConfigInput {
  readonly facts: RootFacts;
  readonly labels: Readonly<Record<string, string>>;
  /** As the engine calls it: amd64, arm64. */
  readonly architecture: string;
  readonly created: Date;
}

/**
 * The configuration of an image that starts as a machine; `diffId` is its one layer's, in hex. The stop
 * signal is set for systemd alone: what the others want, the contract knows.
 */
export function renderImageConfig(input: ImageConfigInput, diffId: string, sha256: Sha256): ImageConfig {
  const { init, os } = input.facts.guest;
  const created = input.created.toISOString();
  const layers = [`sha256:${diffId}`];
  return {
    architecture: input.architecture,
    os: "linux",
    created,
    config: {
      Cmd: input.facts.command,
      ...(init.kind === "systemd" && { StopSignal: "SIGRTMIN+3" }),
      Labels: {
        ...input.labels,
        [label.content]: contentDigest(layers, { Cmd: input.facts.command }, sha256),
        [label.init]: init.kind,
        ...(init.version !== undefined && { [label.initVersion]: String(init.version) }),
        ...(os !== undefined && { [label.os]: os.prettyName }),
      },
    },
    rootfs: { type: "layers", diff_ids: layers },
    history: [{ created, created_by: "berth", comment: "imported by berth" }],
  };
}

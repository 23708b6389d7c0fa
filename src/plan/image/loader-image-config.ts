import { imageLabel } from "#labels/loader/labels.ts";
import { label } from "#labels/machine.ts";
import { contentDigest, type Sha256 } from "./content.ts";

/** Nanoseconds, as the engine counts the times of a health check. */
const second = 1_000_000_000;

export interface LoaderConfigInput {
  /** berth's own. */
  readonly version: string;
  /** As the engine calls it: amd64, arm64. */
  readonly architecture: string;
}

/**
 * The configuration of the loader's image (OCI image specification, config.md; Healthcheck is the engine's
 * own, moby, image/spec/v1.2.md). It has no time of its own: the same content is the same image. The long
 * start period is a machine's boot: until it is over, the engine calls a loader that is not yet healthy
 * `starting`.
 */
export function renderLoaderConfig(
  { version, architecture }: LoaderConfigInput,
  diffId: string,
  sha256: Sha256,
) {
  const created = new Date(0).toISOString();
  const layers = [`sha256:${diffId}`];
  const Entrypoint = ["/berth", "loader", "run"];
  return {
    architecture,
    os: "linux",
    created,
    config: {
      Entrypoint,
      Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
      Healthcheck: {
        Test: ["CMD-SHELL", "[ -e /dev/shm/berth-healthy ]"],
        // Each check starts a process: more often, a loader at rest would cost more by it than by all else.
        Interval: 10 * second,
        // Engines from 25 on have it, others pass it over.
        StartInterval: second,
        Timeout: 5 * second,
        StartPeriod: 600 * second,
        Retries: 3,
      },
      StopSignal: "SIGTERM",
      Labels: {
        "org.opencontainers.image.title": "berth loader",
        "org.opencontainers.image.version": version,
        [imageLabel]: version,
        [label.content]: contentDigest(layers, { Entrypoint }, sha256),
      },
    },
    rootfs: { type: "layers", diff_ids: layers },
    history: [{ created, created_by: "berth loader image" }],
  };
}

import { environmentOf, type OciConfig } from "./config.ts";

/** What is known of the image that a container was made from. */
export interface ImageWord {
  /** Its id. */
  readonly image: string;
  /** The environment that it brings. */
  readonly imageEnvironment: readonly string[];
}

/** Whether a variable is for berth-runtime and not for the machine; `entry` may be a whole NAME=VALUE. */
export function isForRuntime(entry: string): boolean {
  return entry.startsWith("BERTH_") || entry.split("=", 1)[0] === "oci-systemd-hook";
}

/**
 * A container's config without what its image asks of berth-runtime, which is the user's to ask: variables that the image
 * has too, with the same value. What is asked with the image's id beside it (BERTH_IMAGE) is the user's in any case, since
 * no image can hold its own id. `ignored` are those left out that asked for something.
 */
export function withoutImageWishes(
  config: OciConfig,
  { image, imageEnvironment }: ImageWord,
): { readonly config: OciConfig; readonly ignored: readonly string[] } {
  if (environmentOf(config, "BERTH_IMAGE") === image) return { config, ignored: [] };
  const brought = new Set(imageEnvironment.filter((entry) => isForRuntime(entry) || entry.startsWith("container_uuid=")));
  const { env = [], ...rest } = config.process;
  return {
    config: { ...config, process: { ...rest, env: env.filter((entry) => !brought.has(entry)) } },
    ignored: env.filter((entry) => brought.has(entry) && !entry.endsWith("=")),
  };
}

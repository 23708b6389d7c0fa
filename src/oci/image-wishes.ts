import { environmentOf, type OciConfig } from "./config.ts";
import { jsonStrings } from "./json-strings.ts";

/** What is known of the image that a container was made from. */
export interface ImageWord {
  /** Its id. */
  readonly image: string;
  /** Its JSON as its author wrote it: the engine keeps that to the byte. */
  readonly imageJson: string;
}

/** Whether a variable is for berth-runtime and not for the machine; `entry` may be a whole NAME=VALUE. */
export function isForRuntime(entry: string): boolean {
  return entry.startsWith("BERTH_") || entry.split("=", 1)[0] === "oci-systemd-hook";
}

/**
 * A container's config without what its image asks of berth-runtime, which is the user's to ask: variables that the image
 * has too, with the same value. Where in its JSON says nothing: engines find an environment in places where another reader sees none.
 * What is asked with the image's id beside it (BERTH_IMAGE) is the user's in any case, since
 * no image can hold its own id. `ignored` are those left out that asked for something.
 */
export function withoutImageWishes(
  config: OciConfig,
  { image, imageJson }: ImageWord,
): { readonly config: OciConfig; readonly ignored: readonly string[] } {
  if (environmentOf(config, "BERTH_IMAGE") === image) return { config, ignored: [] };
  const { env = [], ...rest } = config.process;
  const asking = new Set(env.filter((entry) => isForRuntime(entry) || entry.startsWith("container_uuid=")));
  const brought = new Set([...asking].filter(isGarbled));
  if (asking.size > 0) for (const text of jsonStrings(imageJson)) if (asking.has(text)) brought.add(text);
  if (brought.size === 0) return { config, ignored: [] };
  return {
    config: { ...config, process: { ...rest, env: env.filter((entry) => !brought.has(entry)) } },
    ignored: env.filter((entry) => brought.has(entry) && !entry.endsWith("=")),
  };
}

/** Whether an entry is no text, or was none to the engine, which writes U+FFFD for what it cannot decode: then it cannot be compared. */
function isGarbled(entry: string): boolean {
  return entry.includes("\ufffd") || !entry.isWellFormed();
}

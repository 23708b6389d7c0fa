import { BerthError } from "#errors.ts";
import { environmentOf, type OciConfig } from "./config.ts";
import { jsonStrings } from "./json-strings.ts";

/** What is known of the image that a container was made from. */
export interface KnownImage {
  /** Its id. */
  readonly image: string;
  readonly imageJson: ImageJson;
}

/**
 * An image's JSON to the byte as its author wrote it, which Go and JavaScript read differently; or why it is
 * not to be had, after "the image".
 */
export type ImageJson = { readonly text: string } | { readonly unread: string };

/** Whether a variable is for berth-runtime and not for the machine; `entry` may be a whole NAME=VALUE. */
export function isForRuntime(entry: string): boolean {
  return entry.startsWith("BERTH_") || entry.split("=", 1)[0] === "oci-systemd-hook";
}

/**
 * A container's config without what its image asks of berth-runtime, which is the user's to ask: variables
 * that the image has too, with the same value. Where in its JSON says nothing: engines find an environment in
 * places where another reader sees none. What is asked with the image's id beside it (BERTH_IMAGE) is the
 * user's in any case, since no image can hold its own id. Without its JSON all the others are left out.
 * `ignored` are those left out that asked for something.
 */
export function withoutImageRequest(
  config: OciConfig,
  { image, imageJson }: KnownImage,
): { readonly config: OciConfig; readonly ignored: readonly string[] } {
  if (environmentOf(config, "BERTH_IMAGE") === image) return { config, ignored: [] };
  const { env = [], ...rest } = config.process;
  const asking = new Set(env.filter((entry) => isForRuntime(entry) || entry.startsWith("container_uuid=")));
  const brought = asking.size === 0 || "unread" in imageJson ? asking : wordsOf(imageJson.text, asking);
  if (brought.size === 0) return { config, ignored: [] };
  return {
    config: { ...config, process: { ...rest, env: env.filter((entry) => !brought.has(entry)) } },
    ignored: env.filter((entry) => brought.has(entry) && !entry.endsWith("=")),
  };
}

/** Those of the entries that a JSON holds, and those of which that cannot be told. */
function wordsOf(json: string, entries: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set([...entries].filter(isGarbled));
  for (const text of jsonStrings(json)) if (entries.has(text)) found.add(text);
  return found;
}

/**
 * Refuses a machine part of whose request may be the user's and may be its image's, as that is not to be had:
 * without them it would be another than it was. Throws `not-found`.
 */
export function checkTold({ image, imageJson }: KnownImage, ignored: readonly string[]): void {
  // By itself it asks for nothing.
  const requested = ignored.filter((entry) => !entry.startsWith("BERTH_IMAGE="));
  if ("text" in imageJson || requested.length === 0) return;
  throw new BerthError(
    "not-found",
    `cannot tell whether you or the image set ${requested.join(", ")}: ` +
      `the image of this container ${imageJson.unread}`,
    {
      hint:
        `pull, load or build the image ${image} again, or create the container again ` +
        "(with -e BERTH_IMAGE=IMAGE-ID your own settings count)",
    },
  );
}

/**
 * Whether an entry is no text, or was none to the engine, which writes U+FFFD for what it cannot decode: then
 * it cannot be compared.
 */
function isGarbled(entry: string): boolean {
  return entry.includes("\ufffd") || !entry.isWellFormed();
}

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
 * An image's JSON exactly as its author wrote it, since Go and JavaScript parse it differently; or why it is
 * missing, as a clause after "the image".
 */
export type ImageJson = { readonly text: string } | { readonly unread: string };

/** Whether a variable is for berth-runtime and not for the machine; `entry` may be a whole NAME=VALUE. */
export function isForRuntime(entry: string): boolean {
  return entry.startsWith("BERTH_") || entry.split("=", 1)[0] === "oci-systemd-hook";
}

/**
 * Removes from a container's config the requests to berth-runtime that its image makes: only the user may
 * make them. These are variables that also appear in the image's JSON with the same value, at any place,
 * since engines find an environment where other parsers see none. BERTH_IMAGE with the image's id proves that
 * the user set all variables, since an image cannot contain its own id. Without the image's JSON, remove all
 * others. `ignored` lists the removed entries that requested something.
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

/** The entries that a JSON contains, and those that cannot be compared. */
function wordsOf(json: string, entries: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set([...entries].filter(isGarbled));
  for (const text of jsonStrings(json)) if (entries.has(text)) found.add(text);
  return found;
}

/**
 * Refuses a machine if its image's JSON is missing and part of its request may come from the image. Without
 * that part it would be another machine than before. Throws `not-found`.
 */
export function checkTold({ image, imageJson }: KnownImage, ignored: readonly string[]): void {
  // Alone, it requests nothing.
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
 * Whether an entry is invalid text, or was for the engine, which replaces undecodable bytes by U+FFFD. Such
 * an entry cannot be compared.
 */
function isGarbled(entry: string): boolean {
  return entry.includes("\ufffd") || !entry.isWellFormed();
}

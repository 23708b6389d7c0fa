import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "#host/files/sha256.ts";

/** A file beside config.json: the digest of what `writeBundleConfig` wrote, then the content before. */
const keptAs = "config.json.berth";

/**
 * A bundle's config.json as its maker wrote it. Engines make a bundle for one start; users of plain runc
 * start the same one again, and an earlier start's changes must not count then. Keeps later changes by
 * others.
 */
export function readBundleConfig(bundle: string): string {
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  const kept = existsSync(join(bundle, keptAs)) ? readFileSync(join(bundle, keptAs), "utf8") : "";
  const end = kept.indexOf("\n");
  if (end === -1 || kept.slice(0, end) !== sha256(text)) return text;
  const before = kept.slice(end + 1);
  writeFileSync(join(bundle, "config.json"), before);
  return before;
}

/** Replaces what `readBundleConfig` has given. */
export function writeBundleConfig(bundle: string, before: string, text: string): void {
  writeFileSync(join(bundle, keptAs), `${sha256(text)}\n${before}`, { mode: 0o600 });
  writeFileSync(join(bundle, "config.json"), text);
}

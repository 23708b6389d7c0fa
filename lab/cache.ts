import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export type Release = "bullseye" | "bookworm" | "trixie" | "sid";

/** The directory of built roots: `roots` in $BERTH_CACHE, or in ~/.cache/berth. Created if missing. */
export async function cacheDirectory(): Promise<string> {
  const directory = join(process.env.BERTH_CACHE || join(homedir(), ".cache", "berth"), "roots");
  await mkdir(directory, { recursive: true });
  return directory;
}

/** What mmdebstrap takes its packages from: its own default, unless $BERTH_MIRROR names another. */
export function mirrorArguments(): readonly string[] {
  const mirror = process.env.BERTH_MIRROR;
  return mirror === undefined || mirror === "" ? [] : [mirror];
}

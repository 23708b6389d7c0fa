import type { CreateBody } from "#api/create-body.ts";
import { invalid } from "#machinefile/value/invalid.ts";

/**
 * `--volume`: `TARGET` for an anonymous volume, `SOURCE:TARGET[:OPTIONS]` for one of the engine's or a path
 * of its host.
 */
export function parseVolumeFlag(text: string): CreateBody {
  const parts = text.split(":");
  const target = parts.length === 1 ? text : parts[1];
  if (parts.length > 3 || parts.includes("") || !target?.startsWith("/")) {
    throw invalid("volume", text, "[SOURCE:]TARGET[:OPTIONS]; example: /srv/data:/data:ro");
  }
  if (parts.length === 1) return { Volumes: { [text]: {} } };
  const source = checkSource(parts[0] ?? "");
  if (source.length === 1)
    throw invalid("volume", text, "example: data:/data; a volume name needs at least two characters");
  return { HostConfig: { Binds: [text] } };
}

/** Refuses a relative path: docker's client resolves it by its own working directory or home. */
export function checkSource(source: string): string {
  if (/^[.~]/.test(source))
    throw invalid("source", source, "example: /srv/data; must be an absolute path or a volume name");
  return source;
}

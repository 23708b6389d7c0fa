import type { CreateBody } from "#api/create-body.ts";
import { usageError } from "#usage.ts";

/**
 * `--volume`: `TARGET` for an anonymous volume, `SOURCE:TARGET[:OPTIONS]` for one of the engine's or a path
 * of its host.
 */
export function parseVolumeFlag(text: string): CreateBody {
  const parts = text.split(":");
  const target = parts.length === 1 ? text : parts[1];
  if (parts.length > 3 || parts.includes("") || !target?.startsWith("/")) {
    throw usageError(`"${text}" is no volume; write [SOURCE:]TARGET[:OPTIONS], the target an absolute path`);
  }
  if (parts.length === 1) return { Volumes: { [text]: {} } };
  const source = checkSource(parts[0] ?? "");
  if (source.length === 1) throw usageError(`"${text}": a volume's name has two characters or more`);
  return { HostConfig: { Binds: [text] } };
}

/**
 * A path of the host is absolute here: what else docker takes is relative to the directory or the home of who
 * runs its client.
 */
export function checkSource(source: string): string {
  if (/^[.~]/.test(source))
    throw usageError(`"${source}": a relative path is the docker client's own; write an absolute one`);
  return source;
}

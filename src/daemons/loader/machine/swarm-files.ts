import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContainerInspect } from "#api/container.ts";
import { parseSwarmFiles } from "#plan/loader/self.ts";

/**
 * The engine's directory of a container's secrets and configs on the host: beside the container's other
 * files.
 */
export async function readSwarmFiles(self: ContainerInspect) {
  const directory = join(dirname(self.HostnamePath), "mounts", "secrets");
  const files = parseSwarmFiles(await readFile("/proc/self/mountinfo", "utf8"));
  return files.map(({ target, name }) => ({ target, source: join(directory, name) }));
}

import { rm, writeFile } from "node:fs/promises";

/**
 * The loader's image asks for this file in its HEALTHCHECK. A tmpfs that can be written in every container,
 * read-only ones too.
 */
const file = "/dev/shm/berth-healthy";

/** Says whether the machine is up, which is when its init says so. */
export async function setHealthy(healthy: boolean): Promise<void> {
  if (healthy) await writeFile(file, "");
  else await rm(file, { force: true });
}

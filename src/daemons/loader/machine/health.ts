import { rm, writeFile } from "node:fs/promises";

/**
 * The file that the HEALTHCHECK of the loader's image looks for. In a tmpfs that is writable even in
 * read-only containers.
 */
const file = "/dev/shm/berth-healthy";

/** Says whether the machine is up, which is when its init says so. */
export async function setHealthy(healthy: boolean): Promise<void> {
  if (healthy) await writeFile(file, "");
  else await rm(file, { force: true });
}

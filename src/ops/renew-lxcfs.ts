import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "../errors.ts";
import { readLxcfs } from "../host/lxcfs.ts";
import { findStaleLxcfs, renewLxcfs } from "../host/lxcfs-mounts.ts";

/** How long an lxcfs that has just been started may take until it is mounted; milliseconds. */
const patience = 10_000;

/**
 * Gives the machines of this host whose lxcfs has ended the one that runs now: after a restart of lxcfs their own mounts of
 * it would answer "Transport endpoint is not connected" for ever. Waits for one that is just starting. Returns how many
 * mount namespaces were renewed. Throws `host-unfit` where none starts.
 */
export async function renewMachinesLxcfs(): Promise<number> {
  let lxcfs = readLxcfs();
  for (const end = Date.now() + patience; lxcfs === undefined && Date.now() < end; lxcfs = readLxcfs()) await sleep(50);
  if (lxcfs === undefined) {
    throw new BerthError("host-unfit", "lxcfs does not run on this host", { hint: "systemctl start lxcfs" });
  }
  const { device, directory } = lxcfs;
  return findStaleLxcfs(lxcfs).filter((pid) => renewLxcfs(pid, { device, directory }).length > 0).length;
}

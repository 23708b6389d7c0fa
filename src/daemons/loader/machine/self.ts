import { readFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import type { ContainerInspect } from "#api/container.ts";
import { findContainer } from "#daemons/loader/find-container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { readText } from "#host/process/proc-file.ts";
import { parseDefaultInterfaces } from "#plan/loader/routes.ts";
import { parseOwnIds } from "#plan/loader/self.ts";

/**
 * The container that this process is in. Throws `not-found` where the engine at the socket has not made it.
 */
export async function findSelf(engine: Engine, signal: AbortSignal): Promise<ContainerInspect> {
  const [mountinfo, cgroup] = await Promise.all([
    readFile("/proc/self/mountinfo", "utf8"),
    readText("/proc/self/cgroup"),
  ]);
  const candidates = parseOwnIds(mountinfo, cgroup ?? "", hostname());
  for (const id of candidates) {
    const found = await findContainer(engine, id, signal);
    if (found?.State.Running) return found;
  }
  throw new BerthError("not-found", "cannot find the loader's own container on the engine at its socket", {
    hint:
      "run it as a service with its own node's socket: docker service create " +
      "--mount type=bind,src=/var/run/docker.sock,dst=/var/run/docker.sock …",
    details: { candidates },
  });
}

/** The addresses by which this container's host reaches it: those of the interfaces with a default route. */
export async function readOwnAddresses(): Promise<{ readonly ipv4?: string; readonly ipv6?: string }> {
  const [ipv4Routes, ipv6Routes] = await Promise.all([
    readText("/proc/net/route"),
    readText("/proc/net/ipv6_route"),
  ]);
  const { ipv4, ipv6 } = parseDefaultInterfaces(ipv4Routes ?? "", ipv6Routes ?? "");
  const all = networkInterfaces();
  const addressOf = (name: string | undefined, family: string) =>
    all[name ?? ""]?.find((entry) => entry.family === family && !entry.address.startsWith("fe80:"))?.address;
  const found = { ipv4: addressOf(ipv4, "IPv4"), ipv6: addressOf(ipv6, "IPv6") };
  return { ...(found.ipv4 && { ipv4: found.ipv4 }), ...(found.ipv6 && { ipv6: found.ipv6 }) };
}

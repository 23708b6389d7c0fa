import { readdir } from "node:fs/promises";
import { readHeldSockets } from "#host/process/held-listeners.ts";
import { readText } from "#host/process/proc-file.ts";

export interface PortHolder {
  readonly pid: number;
  /** The program's name as ps shows it. */
  readonly program: string;
}

/**
 * The process that has a port of this network namespace bound, for an error's text; undefined when /proc does
 * not show it, as in another process namespace. Sources: proc_net(5), proc_pid_fd(5), tcp_states.h.
 */
export async function findPortHolder(protocol: "tcp" | "udp", port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all([protocol, `${protocol}6`].map((table) => readText(`/proc/net/${table}`)));
  const sockets = tables.flatMap((table) => socketsOnPort(table ?? "", port, protocol));
  if (sockets.length === 0) return undefined;
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const held = readHeldSockets(Number(entry), sockets) ?? [];
    if (held.length === 0) continue;
    const program = await readText(`/proc/${entry}/comm`);
    if (program !== undefined) return { pid: Number(entry), program: program.trimEnd() };
  }
  return undefined;
}

/** The inodes of sockets with this local port in a table of /proc/net: of TCP those that listen. */
export function socketsOnPort(table: string, port: number, protocol: "tcp" | "udp"): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || inode === undefined || Number.parseInt(local.split(":")[1] ?? "", 16) !== port)
      return [];
    return protocol === "udp" || state === "0A" ? [inode] : [];
  });
}

import { readdir, realpath } from "node:fs/promises";
import { orUndefined, readLinkTarget, readText } from "./proc-file.ts";

/**
 * The process id of the dockerd that listens on a Unix socket of this host, in whatever namespaces it lives; undefined
 * when none can be seen (an engine in a virtual machine, a tunnelled socket, /proc mounted with hidepid).
 * Sources: unix(7), proc_net(5), proc_pid_fd(5).
 */
export async function findEngineProcess(socket: string): Promise<number | undefined> {
  const paths = new Set([socket, await orUndefined(realpath(socket))]);
  const holders = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry) || (await readText(`/proc/${entry}/comm`)) !== "dockerd\n") continue;
    // The table is of the process's own network namespace, so two engines behind equal paths are told apart by it.
    const inodes = parseListeners((await readText(`/proc/${entry}/net/unix`)) ?? "", paths);
    if (inodes.length === 0 || !(await holds(entry, inodes))) continue;
    const parent = await readParent(entry);
    // Without one it is gone meanwhile.
    if (parent !== undefined) holders.set(Number(entry), parent);
  }
  return outermost(holders);
}

/**
 * Of processes with their parents, the one that is no other's child: a program that the engine starts is, until its exec, a
 * second dockerd with all of the first one's sockets.
 */
export function outermost(parents: ReadonlyMap<number, number>): number | undefined {
  return [...parents].find(([, parent]) => !parents.has(parent))?.[0];
}

async function readParent(pid: string): Promise<number | undefined> {
  const parent = /^PPid:\s*(\d+)$/m.exec((await readText(`/proc/${pid}/status`)) ?? "")?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The inodes of listening sockets bound to one of these paths. */
export function parseListeners(table: string, paths: ReadonlySet<string | undefined>): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, , , flags, , , inode, ...path] = line.trim().split(/\s+/);
    // __SO_ACCEPTCON, linux/net.h
    return inode !== undefined && flags === "00010000" && paths.has(path.join(" ")) ? [inode] : [];
  });
}

/** Whether the process has one of the sockets open. To other users than its own that is hidden, and then its table must do. */
async function holds(pid: string, inodes: readonly string[]): Promise<boolean> {
  const names = await orUndefined(readdir(`/proc/${pid}/fd`));
  if (names === undefined) return true;
  const links = await Promise.all(names.map((name) => readLinkTarget(`/proc/${pid}/fd/${name}`)));
  return links.some((link) => inodes.some((inode) => link === `socket:[${inode}]`));
}

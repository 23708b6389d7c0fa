import { readdir, realpath } from "node:fs/promises";
import { readHeldListeners } from "./held-listeners.ts";
import { orUndefined, readLinkTarget, readText } from "./proc-file.ts";
import { readListener } from "./socket-listener.ts";

/**
 * The process id of the dockerd that listens on a Unix socket of this host, in whatever mount, network and PID namespaces it
 * lives: the one that the kernel tells to who connects, or, where that is systemd, the dockerd that was given this very socket
 * (systemd.socket(5)). Neither a name nor an equal path makes a machine's process one. Undefined when there is none to be seen
 * (an engine in a virtual machine, a tunnelled socket, /proc mounted with hidepid). Does not wait for the engine.
 */
export async function findEngineProcess(socket: string): Promise<number | undefined> {
  const listener = readListener(socket);
  if (listener === undefined) return undefined;
  if (await isEngine(listener)) return listener;
  const paths = new Set([socket, (await orUndefined(realpath(socket))) ?? socket]);
  const given = readHeldListeners(listener, paths);
  const holders = new Map<number, number>();
  for (const entry of given.length === 0 ? [] : await readdir("/proc")) {
    const pid = Number(entry);
    // The number of a socket is that of one alone on the whole host, whatever its path is called.
    if (!Number.isInteger(pid) || !(await isEngine(pid)) || !readHeldListeners(pid, paths).some((inode) => given.includes(inode))) continue;
    const parent = await readParent(pid);
    // Without one it is gone meanwhile.
    if (parent !== undefined) holders.set(pid, parent);
  }
  return outermost(holders);
}

/**
 * Whether it is called dockerd, and none of a machine's: in another user namespace root would look at, and remove, what another
 * has the say over. Others than root can do nothing by it that is not theirs, and may not see the namespace.
 */
async function isEngine(pid: number): Promise<boolean> {
  if ((await readText(`/proc/${pid}/comm`)) !== "dockerd\n") return false;
  if (process.geteuid?.() !== 0) return true;
  const [own, theirs] = await Promise.all([readLinkTarget("/proc/self/ns/user"), readLinkTarget(`/proc/${pid}/ns/user`)]);
  return own !== undefined && own === theirs;
}

/**
 * Of processes with their parents, the one that is no other's child: a program that the engine starts is, until its exec, a
 * second dockerd with all of the first one's sockets.
 */
export function outermost(parents: ReadonlyMap<number, number>): number | undefined {
  return [...parents].find(([, parent]) => !parents.has(parent))?.[0];
}

async function readParent(pid: number): Promise<number | undefined> {
  const parent = /^PPid:\s*(\d+)$/m.exec((await readText(`/proc/${pid}/status`)) ?? "")?.[1];
  return parent === undefined ? undefined : Number(parent);
}

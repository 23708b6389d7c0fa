import { readdir, realpath } from "node:fs/promises";
import { parseUsers } from "#linux/process-users.ts";
import { readHeldListeners } from "./held-listeners.ts";
import { ignoreUnreadable, readLinkTarget, readProc } from "./proc-file.ts";
import { readListener } from "./socket-listener.ts";

/**
 * The pid of the dockerd that listens at a Unix socket of this host, in any mount, network and PID
 * namespaces: the peer that the kernel reports or, if that is systemd, the dockerd that got this very socket
 * (systemd.socket(5)). Neither a name nor an equal path is enough, so a machine's process never qualifies.
 * Undefined if it is not visible (a virtual machine, a tunnelled socket, /proc mounted with hidepid) or, for
 * other users than root, ambiguous. Does not wait for the engine.
 */
export async function findEngineProcess(socket: string): Promise<number | undefined> {
  const listener = readListener(socket);
  if (listener === undefined) return undefined;
  if ((await readEngine(listener)) !== undefined) return listener;
  const paths = new Set([socket, (await ignoreUnreadable(realpath(socket))) ?? socket]);
  const given = readHeldListeners(listener, paths);
  const holders = new Map<number, number>();
  for (const entry of given.length === 0 ? [] : await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const engine = await readEngine(pid);
    // A socket's inode number is unique on the whole host, unlike its path.
    if (engine === undefined || !readHeldListeners(pid, paths).some((inode) => given.includes(inode)))
      continue;
    holders.set(pid, engine.parent);
  }
  return outermost(holders);
}

/**
 * The parent of a process that is called dockerd and is root's or our own user's: not another's, who may call
 * as many as he likes so, and, to root, none of a machine's. In another user namespace root would look at,
 * and remove, what another has the say over. Others than root may not see the namespace, and may have a
 * rootless engine in one of their own. Undefined for all other processes.
 */
async function readEngine(pid: number): Promise<{ readonly parent: number } | undefined> {
  // Check the short file first: a status grows with the process's groups, and reading it delays signals.
  if (readProc(pid, "comm") !== "dockerd\n") return undefined;
  const self = process.geteuid?.() ?? 0;
  if (self === 0) {
    const [own, theirs] = await Promise.all([
      readLinkTarget("/proc/self/ns/user"),
      readLinkTarget(`/proc/${pid}/ns/user`),
    ]);
    if (own === undefined || own !== theirs) return undefined;
  }
  // The ids from its status: to whom may not trace it, the directory's owner is root.
  const engine = parseEngine(readProc(pid, "status"));
  return engine === undefined || engine.users.some((user) => user !== 0 && user !== self)
    ? undefined
    : engine;
}

/**
 * The only process that is not another's child: a program that the engine starts is, until its exec, a second
 * dockerd with the first one's sockets. Undefined if several remain: other users than root cannot see who has
 * the socket, and a set-uid program of that name looks like root's.
 */
export function outermost(parents: ReadonlyMap<number, number>): number | undefined {
  const [only, ...others] = [...parents].filter(([, parent]) => !parents.has(parent));
  return others.length === 0 ? only?.[0] : undefined;
}

/** The parent and the users of a process by its status; undefined if it is not called dockerd. */
export function parseEngine(
  status: string,
): { readonly parent: number; readonly users: readonly number[] } | undefined {
  if (!status.startsWith("Name:\tdockerd\n")) return undefined;
  const parent = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
  const users = parseUsers(status);
  return parent === undefined || users === undefined ? undefined : { parent: Number(parent), users };
}

import { readFileSync } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { hasErrno } from "#host/syscall/errno.ts";
import { readHeldListeners } from "./held-listeners.ts";
import { ignoreUnreadable, readLinkTarget } from "./proc-file.ts";
import { readListener } from "./socket-listener.ts";

/**
 * The process id of the dockerd that listens on a Unix socket of this host, in whatever mount, network and
 * PID namespaces it lives: the one that the kernel tells to who connects, or, where that is systemd, the
 * dockerd that was given this very socket (systemd.socket(5)). Neither a name nor an equal path makes a
 * machine's process one. Undefined when there is none to be seen (an engine in a virtual machine, a tunnelled
 * socket, /proc mounted with hidepid), or, to others than root, several might be it. Does not wait for the
 * engine.
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
    // The number of a socket is that of one alone on the whole host, whatever its path is called.
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
  // First what is short: a status is as long as a process has groups, and nobody hears a signal while it is
  // read.
  if (readProc(pid, "comm") !== "dockerd\n") return undefined;
  const self = process.geteuid?.() ?? 0;
  if (self === 0) {
    const [own, theirs] = await Promise.all([
      readLinkTarget("/proc/self/ns/user"),
      readLinkTarget(`/proc/${pid}/ns/user`),
    ]);
    if (own === undefined || own !== theirs) return undefined;
  }
  const engine = parseEngine(readProc(pid, "status"));
  return engine === undefined || engine.users.some((user) => user !== 0 && user !== self)
    ? undefined
    : engine;
}

/**
 * Of processes with their parents, the one that is no other's child: a program that the engine starts is,
 * until its exec, a second dockerd with all of the first one's sockets. Undefined where several are: to
 * others than root, who cannot see which of them has the socket, a set-uid program under that name looks like
 * root's, too.
 */
export function outermost(parents: ReadonlyMap<number, number>): number | undefined {
  const [only, ...others] = [...parents].filter(([, parent]) => !parents.has(parent));
  return others.length === 0 ? only?.[0] : undefined;
}

/**
 * The parent and the user ids (real, effective, saved, file system's) of a process, by its status
 * (proc_pid_status(5)); undefined when it is called something else than dockerd. Whoever starts a set-uid
 * program, under whatever name, stays its real user.
 */
export function parseEngine(
  status: string,
): { readonly parent: number; readonly users: readonly number[] } | undefined {
  if (!status.startsWith("Name:\tdockerd\n")) return undefined;
  const parent = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
  const users = /^Uid:\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status)?.slice(1);
  return parent === undefined || users === undefined
    ? undefined
    : { parent: Number(parent), users: users.map(Number) };
}

/**
 * Empty for a process that has ended or is hidden. One look at its status says all, at once: the directory's
 * owner is root for whom nobody may trace.
 */
function readProc(pid: number, file: "comm" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ESRCH", "EACCES", "EPERM"])) return "";
    throw error;
  }
}

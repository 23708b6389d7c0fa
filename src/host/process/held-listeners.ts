import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import { firstNames } from "#host/files/first-names.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/**
 * The inodes of sockets on which a process listens at one of these paths, from the kernel's tables
 * (proc_net(5), proc_pid_fd(5)), without touching the process's own paths. For other users, who cannot see
 * its descriptors, all of its network namespace. Empty for an ended process. Looks at its lowest 4,096
 * descriptors only: an engine's or init's sockets are among them, and no process can delay this with more.
 * Reads at most `most` bytes of the table, which a machine's root can make as long as it likes.
 */
export function readHeldListeners(
  pid: number,
  paths: ReadonlySet<string>,
  most = Number.POSITIVE_INFINITY,
): readonly string[] {
  const listening = ignoreEnded(() => readListening(`/proc/${pid}/net/unix`, paths, most)) ?? [];
  if (listening.length === 0) return [];
  return readHeldSockets(pid, listening) ?? listening;
}

const pieceSize = 64 * 1024;

/** Reads a table of /proc/net/unix by pieces; ignores a line cut off at the limit. */
export function readListening(table: string, paths: ReadonlySet<string>, most: number): readonly string[] {
  const piece = Buffer.allocUnsafe(Math.min(most, pieceSize));
  const found: string[] = [];
  const file = openSync(table, "r");
  try {
    let kept = 0;
    for (let left = most; left > 0; ) {
      const read = readSync(file, piece, kept, Math.min(piece.length - kept, left), null);
      if (read === 0) break;
      left -= read;
      const length = kept + read;
      const end = piece.lastIndexOf("\n", length - 1) + 1;
      found.push(...parseListeners(piece.toString("utf8", 0, end), paths));
      kept = end === 0 && length === piece.length ? 0 : length - end;
      piece.copyWithin(0, end, end + kept);
    }
  } finally {
    closeSync(file);
  }
  return found;
}

/** The inodes of listening sockets bound to one of these paths. */
export function parseListeners(table: string, paths: ReadonlySet<string>): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, , , flags, , , inode, ...path] = line.trim().split(/\s+/);
    // __SO_ACCEPTCON, linux/net.h
    return inode !== undefined && flags === "00010000" && paths.has(path.join(" ")) ? [inode] : [];
  });
}

const mostDescriptors = 4_096;

/**
 * Which of these sockets a process holds, by their inodes, among its lowest 4,096 descriptors; undefined for
 * one whose descriptors we may not see. None of a process that has ended.
 */
export function readHeldSockets(pid: number, inodes: readonly string[]): readonly string[] | undefined {
  const directory = `/proc/${pid}/fd`;
  const sought = new Map(inodes.map((inode) => [`socket:[${inode}]`, inode]));
  const found: string[] = [];
  try {
    // They are listed in the order of their numbers.
    for (const name of firstNames(directory, mostDescriptors)) {
      const link = ignoreEnded(() => readlinkSync(`${directory}/${name}`)) ?? "";
      const inode = sought.get(link);
      if (inode === undefined) continue;
      found.push(inode);
      sought.delete(link);
      if (sought.size === 0) break;
    }
  } catch (error) {
    if (hasErrno(error, ["EACCES", "EPERM"])) return undefined;
    if (hasErrno(error, gone)) return [];
    throw error;
  }
  return found;
}

const gone = ["ENOENT", "ESRCH", "EINVAL"];

/** Undefined for what has ended or was closed meanwhile. */
function ignoreEnded<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasErrno(error, [...gone, "EACCES", "EPERM"])) return undefined;
    throw error;
  }
}

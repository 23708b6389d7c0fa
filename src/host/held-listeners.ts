import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hasErrno } from "./errno.ts";

/**
 * The inodes of the sockets by which a process listens at one of these paths, by the kernel's own tables (proc_net(5), proc_pid_fd(5)):
 * no path of the process's is looked at, whatever is there. To other users than the process's own what it holds is hidden, and then
 * it is all of its network namespace. None of a process that has ended.
 */
export function readHeldListeners(pid: number, paths: ReadonlySet<string>): readonly string[] {
  const listening = parseListeners(orNone(() => readFileSync(`/proc/${pid}/net/unix`, "utf8")) ?? "", paths);
  if (listening.length === 0) return [];
  const held = readLinks(`/proc/${pid}/fd`);
  return held === undefined ? listening : listening.filter((inode) => held.has(`socket:[${inode}]`));
}

/** The inodes of listening sockets bound to one of these paths. */
export function parseListeners(table: string, paths: ReadonlySet<string>): readonly string[] {
  return table.split("\n").flatMap((line) => {
    const [, , , flags, , , inode, ...path] = line.trim().split(/\s+/);
    // __SO_ACCEPTCON, linux/net.h
    return inode !== undefined && flags === "00010000" && paths.has(path.join(" ")) ? [inode] : [];
  });
}

/** What the links of a directory lead to; undefined for one that is not ours to read. */
function readLinks(directory: string): ReadonlySet<string | undefined> | undefined {
  try {
    return new Set(readdirSync(directory).map((name) => orNone(() => readlinkSync(`${directory}/${name}`))));
  } catch (error) {
    if (hasErrno(error, ["EACCES", "EPERM"])) return undefined;
    if (hasErrno(error, gone)) return new Set();
    throw error;
  }
}

const gone = ["ENOENT", "ESRCH", "EINVAL"];

/** Undefined for what has ended or was closed meanwhile. */
function orNone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasErrno(error, [...gone, "EACCES", "EPERM"])) return undefined;
    throw error;
  }
}

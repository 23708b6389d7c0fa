import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type HostLxcfs, lxcfsFiles, type StaleMount, staleLxcfsMounts } from "../contract/lxcfs.ts";
import { hasErrno } from "./errno.ts";
import { inMountNamespace, type MountNamespace } from "./mount-namespace.ts";
import { cloneMount, mountFlags, restrictMount } from "./syscalls.ts";

/** Mount namespaces of machines, each by one process, that have mounts of an lxcfs that has ended. Needs root. */
export function findStaleLxcfs({ device }: HostLxcfs): readonly number[] {
  const byNamespace = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const namespace = readlinkSync(join("/proc", pid, "ns/mnt"));
      if (byNamespace.has(namespace)) continue;
      const stale = staleLxcfsMounts(readFileSync(join("/proc", pid, "mountinfo"), "utf8"), device);
      if (stale.length > 0) byNamespace.set(namespace, Number(pid));
    } catch (error) {
      if (!hasEnded(error)) throw error;
    }
  }
  return [...byNamespace.values()];
}

/**
 * Mounts the host's lxcfs anew in the mount namespace of a process, over each file whose lxcfs has ended. Returns these files.
 * A machine that may mount file systems of its own can keep this thread waiting: it belongs into a process of its own.
 */
export function renewLxcfs(pid: number, lxcfs: HostLxcfs): readonly string[] {
  let namespace: number;
  try {
    namespace = openSync(join("/proc", String(pid), "ns/mnt"), "r");
  } catch (error) {
    if (hasEnded(error)) return [];
    throw error;
  }
  const clones = new Map<string, number>();
  try {
    // Copies can be made only here, where the host's own mount is in sight.
    for (const file of lxcfsFiles.filter((name) => existsSync(lxcfs.directory + name))) {
      const clone = cloneMount(lxcfs.directory + file, false);
      clones.set(file, clone);
      restrictMount(clone, mountFlags.readOnly | mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec, false);
    }
    return inMountNamespace(namespace, (inside) => {
      const stale = staleLxcfsMounts(inside.mountinfo(), lxcfs.device);
      return [...clones].flatMap(([file, clone]) => (renewFile(inside, file, clone, stale) ? [file] : []));
    });
  } finally {
    for (const descriptor of [namespace, ...clones.values()]) closeSync(descriptor);
  }
}

/**
 * The machine may change at any moment what is at a place: only a mount that mountinfo has told of is taken away or covered.
 * None is asked whether it answers, which might never end.
 */
function renewFile(inside: MountNamespace, file: string, clone: number, stale: readonly StaleMount[]): boolean {
  let detached = false;
  for (let left = stale.length; left >= 0; left -= 1) {
    const place = inside.openPlace(file);
    try {
      const id = inside.mountIdOf(place);
      const isStale = stale.some((mount) => mount.id === id);
      if (isStale && inside.detach(place)) {
        detached = true;
        continue;
      }
      if (isStale || detached) inside.attach(clone, place);
      return isStale || detached;
    } finally {
      closeSync(place);
    }
  }
  return detached;
}

function hasEnded(error: unknown): boolean {
  return hasErrno(error, ["ENOENT", "ESRCH", "EINVAL"]);
}

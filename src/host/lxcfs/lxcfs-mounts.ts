import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type HostLxcfs, type StaleMount, staleLxcfsMounts } from "#contract/lxcfs.ts";
import { inMountNamespace, type MountNamespace } from "#host/namespace/mount-namespace.ts";
import { readMountinfoOf } from "#host/namespace/mountinfo-of.ts";
import { mayBeMachines } from "#host/namespace/namespace-maker.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { cloneMount, mountFlags, restrictMount } from "#host/syscall/syscalls.ts";
import { withLxcfs } from "./lxcfs.ts";

/** Mount namespaces that have mounts of an lxcfs that has ended. */
export interface StaleLxcfs {
  /** Each by one process, those of one machine together. */
  readonly machines: readonly (readonly number[])[];
  /** False when the time was over before all had been looked at. */
  readonly isWhole: boolean;
}

/** Looks for machines whose lxcfs has ended until a time of `performance.now`. Needs root. */
export function findStaleLxcfs({ device }: HostLxcfs, until: number): StaleLxcfs {
  const seen = new Set<string>();
  const machines = new Map<string, number[]>();
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    if (performance.now() >= until) return { machines: [...machines.values()], isWhole: false };
    try {
      const namespace = readlinkSync(join("/proc", pid, "ns/mnt"));
      if (seen.has(namespace)) continue;
      const isStale = hasStale(Number(pid), device);
      seen.add(namespace);
      if (!isStale) continue;
      const machine = readlinkSync(join("/proc", pid, "ns/pid"));
      const processes = machines.get(machine) ?? [];
      processes.push(Number(pid));
      machines.set(machine, processes);
    } catch (error) {
      if (!hasEnded(error)) throw error;
    }
  }
  return { machines: [...machines.values()], isWhole: true };
}

function hasStale(pid: number, device: string): boolean {
  const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
  try {
    return mayBeMachines(namespace) && staleLxcfsMounts(readMountinfoOf(pid), device).length > 0;
  } finally {
    closeSync(namespace);
  }
}

/**
 * Mounts the host's lxcfs in a process's mount namespace again, over each file whose lxcfs has ended. Returns
 * these files; undefined if no lxcfs runs. Use a process of its own for it: a machine that mounts file
 * systems of its own can block this thread.
 */
export function renewLxcfs(pid: number): readonly string[] | undefined {
  return withLxcfs((lxcfs, places) => {
    const opened: number[] = [];
    try {
      const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
      opened.push(namespace);
      // The process that was meant may have ended, and its number be another's.
      if (!mayBeMachines(namespace)) return [];
      // Copies can be made only here, where the host's own mount is in sight.
      const clones = [...places].map(([file, place]) => {
        const clone = cloneMount(`/proc/self/fd/${place}`, false);
        opened.push(clone);
        restrictMount(
          clone,
          mountFlags.readOnly | mountFlags.noSuid | mountFlags.noDev | mountFlags.noExec,
          false,
        );
        return [file, clone] as const;
      });
      return inMountNamespace(namespace, (inside) => {
        const stale = staleLxcfsMounts(inside.mountinfo(), lxcfs.device);
        return clones.flatMap(([file, clone]) => (renewFile(inside, file, clone, stale) ? [file] : []));
      });
    } catch (error) {
      if (opened.length === 0 && hasEnded(error)) return [];
      throw error;
    } finally {
      for (const descriptor of opened) closeSync(descriptor);
    }
  });
}

/**
 * The machine may change a place at any moment: remove or cover only mounts that mountinfo lists. Do not
 * access them, since that might block forever.
 */
function renewFile(
  inside: MountNamespace,
  file: string,
  clone: number,
  stale: readonly StaleMount[],
): boolean {
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

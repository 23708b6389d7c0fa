import { closeSync, mkdirSync, openSync } from "node:fs";
import { inMountNamespace } from "#host/namespace/mount-namespace.ts";
import { answered, calls, ENOENT } from "#host/syscall/mirror-calls.ts";
import { cloneMount, mount, mountFlags } from "#host/syscall/syscalls.ts";
import { text } from "./path-text.ts";
import { mirrorsAt, mirrorType, typeAt } from "./place.ts";
import { largestTransfer } from "./protocol.ts";

/** A mirror that was just mounted. */
export interface MountedMirror {
  /** An open /dev/fuse. */
  readonly device: number;
  /** Which file system it is, as mountinfo has it; undefined where the engine was faster at unmounting it. */
  readonly fileSystem: string | undefined;
}

/** Mounts a mirror for reading and writing files only: without set-uid bits and device files. */
export function mountMirror(place: string): MountedMirror {
  const [readWrite, nonBlocking, closeOnExec] = [2, 0x800, 0x80000];
  const device = answered(calls.open(text("/dev/fuse"), readWrite | nonBlocking | closeOnExec, 0));
  if (device < 0)
    throw new Error(
      device === -ENOENT
        ? "this host has no /dev/fuse: run `modprobe fuse`"
        : `cannot open /dev/fuse: errno ${-device}`,
    );
  const options = [
    `fd=${device},rootmode=40000,user_id=0,group_id=0`,
    `default_permissions,max_read=${largestTransfer}`,
  ].join(",");
  try {
    // A restarted engine removes a mount point after use. (Do not access what is mounted there.)
    if (typeAt(place) === undefined) mkdirSync(place, { recursive: true, mode: 0o700 });
    mount("berth", place, mirrorType, mountFlags.noSuid | mountFlags.noDev, options);
    return { device, fileSystem: mirrorsAt(place).at(-1) };
  } catch (error) {
    calls.close(device);
    throw error;
  }
}

/**
 * A descriptor of the mount at a path of a process: a detached copy of that mount alone, which no other
 * process can reach.
 */
export function cloneOf(pid: number, path: string): number {
  const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
  try {
    return inMountNamespace(namespace, () => cloneMount(path, false));
  } finally {
    closeSync(namespace);
  }
}

/**
 * Which file system an open file is of, as mountinfo has it. Asks no file system that would have to ask
 * others (statx(2), AT_STATX_DONT_SYNC).
 */
export function deviceOf(file: number): string {
  const [emptyPath, doNotAsk] = [0x1000, 0x4000];
  const status = Buffer.alloc(256);
  const result = answered(calls.statx(file, text(""), emptyPath | doNotAsk, 0, status));
  if (result < 0) throw new Error(`statx: errno ${-result}`);
  return `${status.readUInt32LE(136)}:${status.readUInt32LE(140)}`;
}

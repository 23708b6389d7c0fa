import { boundTmpfs, type TmpfsContract, tmpfsOptions } from "#contract/tmpfs.ts";
import type { OciConfig, OciMount } from "./config.ts";

/** What engines give a /dev/shm of theirs unasked, as Docker and containerd write it. */
const unaskedSizes = ["size=67108864", "size=65536k"];

/** The /dev/shm that the engine mounts of itself, and not one of the user's (`--tmpfs`). */
const isShm = ({ destination, type, source }: OciMount) =>
  destination === "/dev/shm" && type === "tmpfs" && source === "shm";

/** The size in bytes that was asked for /dev/shm (`--shm-size`); one that engines give unasked is none. */
export function askedShmSize({ mounts = [] }: OciConfig): number | undefined {
  const size = mounts.findLast(isShm)?.options?.findLast((option) => option.startsWith("size="));
  const bytes =
    size === undefined || unaskedSizes.includes(size) ? undefined : Number(size.slice("size=".length));
  return bytes !== undefined && bytes > 0 ? bytes : undefined;
}

/**
 * The memory limit in bytes (OCI runtime-spec, config-linux.md, memory); undefined without one, be it said by
 * -1 or by a number beyond any memory.
 */
export function memoryLimit({ linux }: OciConfig): number | undefined {
  const limit: unknown = linux?.resources?.memory?.limit;
  return typeof limit === "number" && limit > 0 ? limit : undefined;
}

/**
 * A mount of the engine's or the user's; a tmpfs gets an end, but for /dev, in which the machine's root alone
 * writes.
 */
export function boundMount(mount: OciMount, contract: Omit<TmpfsContract, "user">): OciMount {
  if (mount.type !== "tmpfs" || mount.destination === "/dev") return mount;
  if (isShm(mount)) return { ...mount, options: [...tmpfsOptions(contract.shm)] };
  return { ...mount, options: [...boundTmpfs(mount.destination, mount.options ?? [], contract)] };
}

import { boundTmpfs, type TmpfsContract, tmpfsOptions } from "#contract/tmpfs.ts";
import type { OciConfig, OciMount } from "./config.ts";

/** The default options of /dev/shm, as Docker and containerd write them. */
const unaskedSizes = ["size=67108864", "size=65536k"];

/** The /dev/shm that the engine mounts of itself, and not one of the user's (`--tmpfs`). */
const isShm = ({ destination, type, source }: OciMount) =>
  destination === "/dev/shm" && type === "tmpfs" && source === "shm";

/** The requested size of /dev/shm (`--shm-size`) in bytes; undefined for the engine's default. */
export function askedShmSize({ mounts = [] }: OciConfig): number | undefined {
  const size = mounts.findLast(isShm)?.options?.findLast((option) => option.startsWith("size="));
  const bytes =
    size === undefined || unaskedSizes.includes(size) ? undefined : Number(size.slice("size=".length));
  return bytes !== undefined && bytes > 0 ? bytes : undefined;
}

/**
 * The memory limit in bytes (OCI runtime-spec, config-linux.md, memory); undefined without one, also for -1
 * and for numbers beyond any memory.
 */
export function memoryLimit({ linux }: OciConfig): number | undefined {
  const limit: unknown = linux?.resources?.memory?.limit;
  return typeof limit === "number" && limit > 0 ? limit : undefined;
}

/** Limits a tmpfs of the engine or the user, except /dev, where only the machine's root can write. */
export function boundMount(mount: OciMount, contract: Omit<TmpfsContract, "user">): OciMount {
  if (mount.type !== "tmpfs" || mount.destination === "/dev") return mount;
  if (isShm(mount)) return { ...mount, options: [...tmpfsOptions(contract.shm)] };
  return { ...mount, options: [...boundTmpfs(mount.destination, mount.options ?? [], contract)] };
}

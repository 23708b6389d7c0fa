import type { InitKind } from "./init.ts";
import type { Profile } from "./profiles.ts";

/** How much a tmpfs holds. What is in it is memory that no killing frees, so each has an end. */
interface Bounds {
  /** Bytes, in whole pages. */
  readonly size: number;
  /** Limit of files, directories and links: each takes kernel memory, even if empty. */
  readonly inodes: number;
}

/** A tmpfs of a machine (tmpfs(5)). */
export interface Tmpfs extends Bounds {
  readonly target: string;
  /** Octal permissions. */
  readonly mode: string;
  /** Whether what the image has there is copied into it. */
  readonly copyUp: boolean;
}

/** Every tmpfs of a machine. */
export interface TmpfsContract {
  /** Fresh mounts. */
  readonly tmpfs: readonly Tmpfs[];
  /** The one that the engine mounts at /dev/shm. */
  readonly shm: Tmpfs;
  /**
   * The one that logind mounts at /run/user/UID for each user who logs in; undefined leaves it to logind,
   * which takes a tenth of what it sees.
   */
  readonly user: Bounds | undefined;
}

export interface TmpfsRequest {
  readonly init: InitKind;
  readonly profile: Profile;
  /** The machine's memory limit, bytes; undefined without one. */
  readonly limit: number | undefined;
  /** The requested size of /dev/shm, bytes. */
  readonly shmSize: number | undefined;
}

const page = 4096;
const mebibyte = 1024 ** 2;

/**
 * Shares of the memory. Without a limit they are systemd's (mountpoint-util.h, tmp.mount). Under a limit,
 * those that a user can fill (/tmp, /dev/shm, /run/lock, /run/user/UID) stay below half of it in all, inodes
 * included. Whoever fills them gets ENOSPC, and the machine avoids the kernel's OOM killer.
 */
const shares = {
  system: { run: 0.2, tmp: 0.5, shm: 0.5, user: 0.1 },
  limited: { run: 0.2, tmp: 0.2, shm: 0.15, user: 0.05 },
};
/** systemd re-reads its units only with 16M free in /run (dbus-manager.c, RELOAD_DISK_SPACE_MIN). */
const leastRun = 24 * mebibyte;
/** Debian's run-lock.mount; of little memory a hundredth. */
const lock = { most: 5 * mebibyte, share: 0.01 };
/** A file takes up to 1.5 KiB of kernel memory beside its bytes. */
const bytesForInode = 8192;
const fewestInodes = 16;

/** Where a machine has a tmpfs; programs may be run in all but /dev/shm, which engines mount so. */
const places = {
  run: { target: "/run", mode: "755", copyUp: true },
  lock: { target: "/run/lock", mode: "1777", copyUp: false },
  users: { target: "/run/user", mode: "755", copyUp: false },
  tmp: { target: "/tmp", mode: "1777", copyUp: true },
  shm: { target: "/dev/shm", mode: "1777", copyUp: false },
} as const;

/**
 * The size of a machine's tmpfs mounts, in bytes, from its memory limit, or without a limit from the host's
 * memory.
 */
export function contractTmpfs(
  hostMemory: number,
  { init, profile, limit = hostMemory, shmSize }: TmpfsRequest,
): TmpfsContract {
  const limited = limit < hostMemory;
  const memory = limited ? limit : hostMemory;
  const share = limited ? shares.limited : shares.system;
  const users = bounds(memory * share.user);
  return {
    tmpfs: [
      { ...places.run, ...bounds(Math.max(memory * share.run, leastRun)) },
      { ...places.lock, ...bounds(Math.min(memory * lock.share, lock.most)) },
      // Where logind may mount nothing it makes mere directories, in which users would fill /run.
      ...(profile === "strict" ? [{ ...places.users, ...users }] : []),
      { ...places.tmp, ...bounds(memory * share.tmp) },
    ],
    shm: { ...places.shm, ...bounds(shmSize ?? memory * share.shm) },
    user: limited && init === "systemd" ? users : undefined,
  };
}

/** Whole pages, at least one, and the inodes that go with them. */
function bounds(bytes: number): Bounds {
  const size = Math.max(1, Math.floor(bytes / page)) * page;
  return { size, inodes: Math.max(fewestInodes, Math.floor(size / bytesForInode)) };
}

/** Mount options of a tmpfs at one of these places, without its size; none elsewhere. */
export function placeOptions(target: string): readonly string[] {
  const place = Object.values(places).find((candidate) => candidate.target === target);
  return place === undefined
    ? []
    : ["nosuid", "nodev", place === places.shm ? "noexec" : "exec", `mode=${place.mode}`];
}

/** All of them. */
export function tmpfsOptions({ target, size, inodes }: Tmpfs): readonly string[] {
  return [...placeOptions(target), `size=${size}`, `nr_inodes=${inodes}`];
}

/**
 * Limits the options of a tmpfs that the engine or the user mounts. It keeps its own size; without one it
 * gets the contract's size for the same place, elsewhere that of /tmp; the inodes follow the size. A tmpfs
 * that requests no limit (0) or is read-only stays as it is.
 */
export function boundTmpfs(
  target: string,
  options: readonly string[],
  { tmpfs, shm }: Omit<TmpfsContract, "user">,
): readonly string[] {
  const optionOf = (name: string) =>
    options.findLast((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const own =
    [...tmpfs, shm].find((candidate) => candidate.target === target) ??
    tmpfs.find((candidate) => candidate.target === "/tmp");
  const [size, blocks] = [optionOf("size"), optionOf("nr_blocks")];
  const asked = size === undefined ? Number(blocks) * page : parseSize(size);
  if (own === undefined || options.includes("ro") || asked === 0) return options;
  const sized = size !== undefined || blocks !== undefined;
  // A share of the host's memory, or what the kernel will refuse.
  const { inodes } = Number.isNaN(asked) ? own : bounds(asked);
  return [
    ...options,
    ...(sized ? [] : [`size=${own.size}`]),
    ...(optionOf("nr_inodes") === undefined ? [`nr_inodes=${inodes}`] : []),
  ];
}

/** A size as the kernel reads it (memparse): a number, with k, m, g or t for powers of 1024. */
function parseSize(text: string): number {
  const [, digits, unit = ""] = /^(\d+)([kmgt]?)$/i.exec(text) ?? [];
  return Number(digits) * 1024 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
}

/**
 * A drop-in for logind.conf(5) by which what logind mounts keeps to the contract; it would count files by the
 * host's memory.
 */
export function renderLogin({ user }: Pick<TmpfsContract, "user">): string | undefined {
  return user && `[Login]\nRuntimeDirectorySize=${user.size}\nRuntimeDirectoryInodesMax=${user.inodes}\n`;
}

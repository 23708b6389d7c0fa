import { type OsRelease, osReleasePaths, parseOsRelease } from "#linux/os-release.ts";
import { type InitKind, type Inits, initKindOf, inits } from "./init.ts";

/** What is inside: the facts of a root filesystem which the contract depends on. */
export interface Guest {
  readonly os: OsRelease | undefined;
  readonly init: GuestInit;
  /**
   * What /etc/machine-id holds, without white space (machine-id(5)): empty, `uninitialized`, an id; undefined
   * when it is missing.
   */
  readonly machineId: string | undefined;
  /** Whether /bin is a link into /usr. */
  readonly mergedUsr: boolean;
}

export interface GuestInit {
  readonly kind: InitKind;
  /** The program with every symbolic link resolved inside the root. */
  readonly program: string;
  /** systemd's major version; undefined where the root does not tell. */
  readonly version: number | undefined;
}

/**
 * Read-only view of a root; every path is absolute and resolved inside that root. A missing path is undefined
 * or empty, never an error.
 */
export interface RootFiles {
  /** The path with all symbolic links resolved inside the root, or undefined if nothing is there. */
  resolve(path: string): string | undefined;
  /** The text of a regular file, at most 64 KiB of it. */
  read(path: string): string | undefined;
  /** The names in a directory. */
  list(path: string): readonly string[];
  /** Whether it is a program of machine code, and no script: a regular file that begins as elf(5) has it. */
  isElf(path: string): boolean;
}

/** What is mounted somewhere in a machine. */
export interface MountedFiles {
  /** A path in the machine, symbolic links in it unresolved. */
  readonly destination: string;
  /** The directory or file of the host's that is bound there; undefined for a file system of its own. */
  readonly source: string | undefined;
}

/** Where a path of a machine leads. */
export interface Place {
  /** Without symbolic links as far as something is there. */
  readonly path: string;
  readonly exists: boolean;
  /** Whether it is, or would be made, in a directory of the host's that is bound into the machine. */
  readonly bound: boolean;
}

/** The files of a root with all that is mounted over them. */
export interface MachineFiles extends RootFiles {
  place(path: string): Place;
}

export type GuestReading = { readonly guest: Guest } | { readonly missing: "program" | "init" };

/**
 * Parses the guest facts of a container's command. `missing: "init"`: the command starts no supported init,
 * so berth leaves the container alone. `missing: "program"`: the file does not exist.
 */
export function parseGuest(command: readonly string[], files: RootFiles, table: Inits = inits): GuestReading {
  const path = command[0];
  if (path === undefined || !path.startsWith("/")) return { missing: "init" };
  const program = files.resolve(path);
  if (program === undefined) return { missing: "program" };
  const has = (candidate: string) => files.resolve(candidate) !== undefined;
  const kind = initKindOf(command, { program, has, isElf: () => files.isElf(program) }, table);
  if (kind === undefined) return { missing: "init" };
  const os = parseOsRelease(files.read(etcRelease) ?? files.read(usrRelease));
  return {
    guest: {
      os,
      init: { kind, program, version: kind === "systemd" ? systemdVersion(files, os) : undefined },
      machineId: files.read("/etc/machine-id")?.trim(),
      mergedUsr: files.resolve("/bin") === "/usr/bin",
    },
  };
}

const [etcRelease, usrRelease] = osReleasePaths;
const multiarch = ["x86_64-linux-gnu", "aarch64-linux-gnu"];

/**
 * systemd's major version, from the name of its private library (since 231), else from the package database,
 * for distributions that shipped older ones.
 */
function systemdVersion(files: RootFiles, os: OsRelease | undefined): number | undefined {
  const directories = [
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib64/systemd",
    ...multiarch.map((triplet) => `/usr/lib/${triplet}/systemd`),
  ];
  for (const directory of directories) {
    for (const name of files.list(directory)) {
      const match = /^libsystemd-shared-(\d+)/.exec(name);
      if (match?.[1] !== undefined) return Number(match[1]);
    }
  }
  const release = os?.versionId ?? "";
  return bareVersions[`${os?.id} ${release}`] ?? bareVersions[`${os?.id} ${release.split(".", 1)[0]}`];
}

/** Releases from before the library bore the version; RHEL and Oracle Linux say 7.9 where CentOS says 7. */
const bareVersions: Readonly<Record<string, number>> = {
  "debian 8": 215,
  "centos 7": 219,
  "rhel 7": 219,
  "ol 7": 219,
  "ubuntu 16.04": 229,
};

import { BerthError } from "#errors.ts";

/** A file in a container: the header X-Docker-Container-Path-Stat, with Go's os.FileMode taken apart. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Permissions with set-uid, set-gid and sticky, as chmod(2) has them. */
  readonly mode: number;
  readonly type: "file" | "directory" | "symlink" | "other";
  /** RFC 3339. */
  readonly mtime: string;
  /** Where a symbolic link leads, inside the container; else empty. */
  readonly linkTarget: string;
}

/** Go's os.FileMode: type and special bits at the top, permissions in the lowest nine. */
const goMode = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  other: 2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21 + 2 ** 19,
};

const goSetuid = 2 ** 23;

const goSetgid = 2 ** 22;

const goSticky = 2 ** 20;

/** Parses the header. Throws `engine-api` unless it is base64-encoded JSON. */
export function parsePathStat(header: string): PathStat {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(Buffer.from(header, "base64").toString()) as Record<string, unknown>;
  } catch (cause) {
    throw new BerthError(
      "engine-api",
      "invalid X-Docker-Container-Path-Stat header (must be base64-encoded JSON)",
      {
        cause,
        details: { header },
      },
    );
  }
  const mode = Number(raw.mode);
  const has = (bits: number): boolean => (mode & bits) !== 0;
  return {
    name: String(raw.name),
    size: Number(raw.size),
    mode:
      (mode & 0o777) |
      (has(goSetuid) ? 0o4000 : 0) |
      (has(goSetgid) ? 0o2000 : 0) |
      (has(goSticky) ? 0o1000 : 0),
    type: has(goMode.directory)
      ? "directory"
      : has(goMode.symlink)
        ? "symlink"
        : has(goMode.other)
          ? "other"
          : "file",
    mtime: String(raw.mtime),
    linkTarget: String(raw.linkTarget ?? ""),
  };
}

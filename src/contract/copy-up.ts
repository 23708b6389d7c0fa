import type { Tmpfs } from "./tmpfs.ts";

/** What a directory of the image holds, links not followed. */
export interface Contents {
  /** Of its files and long links, in whole pages. */
  readonly bytes: number;
  /** Files, directories and links, with itself, as far as they were counted. */
  readonly inodes: number;
  /** The path of something that is none of these: a FIFO, a socket, a device node. */
  readonly odd: string | undefined;
  /** The path of something that the machine's root may not read: of an id that the machine does not have. */
  readonly closed: string | undefined;
  /** The path of a directory that lies too deep to be copied in a moment. */
  readonly deep: string | undefined;
}

/**
 * Leaves out the copying where the real runtime would fail at it, and the machine with it: of what it cannot
 * copy (runc's tmpcopyup knows files, directories and links), of what it may not read, and of more than the
 * tmpfs holds: beyond so many files none need be counted.
 */
export function planCopyUp(
  tmpfs: readonly Tmpfs[],
  contentsOf: (path: string, mostInodes: number) => Contents,
): { readonly tmpfs: readonly Tmpfs[]; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const planned = tmpfs.map((mount) => {
    const obstacle = mount.copyUp
      ? copyObstacle(mount, contentsOf(mount.target, Math.min(mount.inodes, mostFiles)))
      : undefined;
    if (obstacle === undefined) return mount;
    warnings.push(`what the image has in ${mount.target} is left out: ${obstacle}`);
    return { ...mount, copyUp: false };
  });
  return { tmpfs: planned, warnings };
}

/** The start waits for them, some ten thousand a second. */
const mostFiles = 100_000;

function copyObstacle({ target, size, inodes }: Tmpfs, contents: Contents): string | undefined {
  if (contents.odd !== undefined)
    return `${contents.odd} is no file, directory or link, and cannot be copied`;
  if (contents.closed !== undefined)
    return `the owner or the group of ${contents.closed} is beyond the machine's ids, and the machine may not read it`;
  if (contents.deep !== undefined) return `${contents.deep.slice(0, 80)}… lies too deep`;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)}M`;
  if (contents.bytes > size)
    return `it takes ${mebibytes(contents.bytes)}, and ${target} holds ${mebibytes(size)}`;
  if (contents.inodes > mostFiles) return `it is more than ${mostFiles} files, which take too long to copy`;
  if (contents.inodes > inodes) return `it is more than the ${inodes} files that ${target} holds`;
  return undefined;
}

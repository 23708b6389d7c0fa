import type { Tmpfs } from "./tmpfs.ts";

/** What a directory of the image holds, links not followed. */
export interface Contents {
  /** Of its files and long links, in whole pages. */
  readonly bytes: number;
  /** Files, directories and links, with itself, as far as they were counted. */
  readonly inodes: number;
  /** The path of any other file type: a FIFO, a socket, a device node. */
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
    warnings.push(`not copying the image's files in ${mount.target}: ${obstacle}`);
    return { ...mount, copyUp: false };
  });
  return { tmpfs: planned, warnings };
}

/** The start waits for them, some ten thousand a second. */
const mostFiles = 100_000;

function copyObstacle({ target, size, inodes }: Tmpfs, contents: Contents): string | undefined {
  if (contents.odd !== undefined)
    return `${contents.odd} has an unsupported type (only files, directories and links)`;
  if (contents.closed !== undefined)
    return `the machine cannot read ${contents.closed}: its owner or group is outside the machine's ids`;
  if (contents.deep !== undefined) return `${contents.deep.slice(0, 80)}… is nested too deeply`;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)}M`;
  if (contents.bytes > size) return `${mebibytes(contents.bytes)} exceed the ${mebibytes(size)} of ${target}`;
  if (contents.inodes > mostFiles) return `more than ${mostFiles} files take too long to copy`;
  if (contents.inodes > inodes) return `more than the ${inodes} files of ${target}`;
  return undefined;
}

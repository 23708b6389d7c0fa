import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { withLock } from "#host/process/lock.ts";
import { run } from "#host/process/run.ts";
import { cacheDirectory } from "#lab/cache.ts";
import { labImage } from "#lab/lab-image.ts";

/**
 * What a machine has that people log in to: beside systemd its logins, users' managers, and tools that show
 * the network and kernel.
 */
const machine = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "iproute2",
  "iputils-ping",
  "libpam-systemd",
  "dbus-user-session",
  "procps",
] as const;

/** An engine's root that has the peers, too. */
const peers = [
  "docker.io",
  "iptables",
  "iproute2",
  "tini",
  "ca-certificates",
  "procps",
  "systemd-container",
  "lxc",
] as const;

/** The Debian 12 root that every column boots: its tarball. */
export function rootTarball(): Promise<string> {
  return labImage("bookworm", machine);
}

/**
 * A root directory with Debian 12's Docker, systemd-nspawn and LXC, to be given as an engine's
 * `rootDirectory`; cached.
 */
export async function peerRoot(): Promise<string> {
  const tarball = await labImage("bookworm", peers);
  const path = tarball.replace(/\.tar$/, "");
  const directory = await cacheDirectory();
  return withLock(join(directory, ".fidelity.lock"), undefined, async () => {
    if (await isDirectory(path)) return path;
    const unfinished = join(directory, "unfinished-peers");
    try {
      await removeTree(unfinished);
      await unpackRoot(tarball, unfinished);
      await rename(unfinished, path);
    } finally {
      await removeTree(unfinished);
    }
    return path;
  });
}

/** Unpacks a root, with owners and file capabilities, into a new directory. */
export async function unpackRoot(tarball: string, directory: string): Promise<void> {
  await mkdir(directory);
  await run("tar", [
    "--extract",
    "--file",
    tarball,
    "--directory",
    directory,
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=*",
  ]);
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

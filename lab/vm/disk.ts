import { cp, mkdir, readdir, readFile, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { run } from "#host/process/run.ts";
import { cached, mirrorArguments } from "../cache.ts";
import { digest } from "../lab-image.ts";
import { makeInitrd } from "./initrd.ts";
import { describeDisk, type VmSuite, vmFiles, vmRootArguments, vmUnits } from "./recipe.ts";

/** What a VM boots from. */
export interface VmDisk {
  /** A raw disk with an ext4, never written to. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** The private key with which root logs in by ssh. */
  readonly key: string;
}

const diskSize = 24 * 1024 ** 3;

/** The disk of a suite's VM, from Debian's packages: built when it is not cached yet (about a minute). */
export async function vmDisk(suite: VmSuite): Promise<VmDisk> {
  const directory = await cached(`vm-${suite}-${digest([describeDisk(suite)])}`, (path) =>
    build(suite, path),
  );
  const [disk, kernel, initrd, key] = ["disk", "kernel", "initrd", "key"].map((name) =>
    join(directory, name),
  );
  return { disk, kernel, initrd, key } as Required<VmDisk>;
}

async function build(suite: VmSuite, directory: string): Promise<void> {
  await mkdir(directory);
  const root = join(directory, "root");
  const key = join(directory, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "berth", "-f", key]);
  // The kernel's package would have one made that is not used: it asks for this (kernel-handbook, 4.2.2).
  const env = { ...process.env, INITRD: "No" };
  await run("mmdebstrap", vmRootArguments(suite, root, mirrorArguments()), { env });
  await setUp(root, await readFile(`${key}.pub`, "utf8"));
  const kernel = (await readdir(join(root, "boot"))).find((file) => file.startsWith("vmlinuz-"));
  if (kernel === undefined) throw new Error(`${suite} has no kernel in /boot`);
  await cp(join(root, "boot", kernel), join(directory, "kernel"));
  await makeInitrd(root, join(directory, "initrd"));
  await makeDisk(root, join(directory, "disk"), diskSize);
  await removeTree(root);
}

async function setUp(root: string, publicKey: string): Promise<void> {
  const units = join(root, "etc/systemd/system");
  for (const [path, text] of Object.entries(vmFiles(publicKey))) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // A package's link to what only a running system has.
    await removeTree(file);
    await writeFile(file, text);
  }
  const wants = join(units, "multi-user.target.wants");
  await mkdir(wants, { recursive: true });
  for (const unit of vmUnits.enabled) await symlink(`/usr/lib/systemd/system/${unit}`, join(wants, unit));
  for (const unit of vmUnits.masked) {
    await removeTree(join(units, unit));
    await symlink("/dev/null", join(units, unit));
  }
}

/** Makes a raw disk with an ext4 of what a directory holds, sparse, and whole only when this returns. */
export async function makeDisk(directory: string, path: string, bytes: number): Promise<void> {
  const unfinished = `${path}.unfinished`;
  await writeFile(unfinished, "");
  await truncate(unfinished, bytes);
  await run("mke2fs", [
    "-q",
    "-t",
    "ext4",
    "-m",
    "0",
    "-E",
    "lazy_itable_init=1",
    "-d",
    directory,
    unfinished,
  ]);
  await rename(unfinished, path);
}

import { chmod, mkdtemp, readdir, readFile, realpath, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { run, tryRun } from "#host/process/run.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { calls } from "#host/syscall/mirror-calls.ts";
import { deadDirectories, removeDeadLabs } from "#lab/lab-directory.ts";
import { processesOf } from "./leftovers.ts";

const prefix = "npm-test-";

/** MiB of free memory from which on the files of tests are in memory: they and the VM take 3 GiB each. */
const enoughMemory = 12_288;

/**
 * Makes a temporary directory for a run of tests, after it has removed those whose run was killed. It is in
 * memory where there is enough: thousands of files come and go, each of which costs a file system on a disk
 * several times as much, most of all an ext4 without a journal (it looks for an inode that was free for a
 * minute).
 */
export async function makeScratch(): Promise<string> {
  await removeDeadScratch();
  const directory = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  const where = await mountMemory(directory);
  await chmod(directory, 0o755);
  await writeFile(join(directory, "owner"), await readFile("/proc/self/stat"));
  console.log(`files of tests: ${directory}, ${where}`);
  return directory;
}

/** Removes it, unless tests have left something in it: then it stays until the next run, to be looked at. */
export async function endScratch(directory: string): Promise<void> {
  if ((await readdir(directory)).some((name) => name !== "owner")) return;
  await removeScratch(directory);
}

/** Says where the directory's files are now. */
async function mountMemory(directory: string): Promise<string> {
  const free = Number(/^MemAvailable: +(\d+) kB$/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1]) / 1024;
  if (process.getuid?.() !== 0) return "on disk (only root mounts)";
  if (!(free >= enoughMemory)) return `on disk (less than ${enoughMemory} MiB of memory are free)`;
  const { status, stderr } = await tryRun("mount", ["-t", "tmpfs", "-o", "size=50%", "tmpfs", directory]);
  if (status !== 0) return `on disk (${stderr.trim()})`;
  const text = (word: string) => Buffer.from(`${word}\0`);
  // Before Linux 6.6 files in memory have no attributes of users.
  if (calls.setxattr(text(directory), text("user.berth"), text(""), 0n, 0) === 0) return "in memory";
  await run("umount", [directory]);
  return "on disk (files in memory have no user attributes here)";
}

async function removeDeadScratch(): Promise<void> {
  for (const directory of await deadDirectories(tmpdir(), prefix)) {
    for (const name of await readdir(directory))
      if (name.startsWith("tmp-")) await removeDeadLabs(join(directory, name));
    // Leave it to a test file that goes on without its run.
    if ((await processesOf(join(directory, "tmp-"))).length === 0) await removeScratch(directory);
  }
}

async function removeScratch(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) await removeTree(join(directory, entry));
  await rmdir(directory).catch(async (error: unknown) => {
    if (!hasErrno(error, ["EBUSY"])) throw error;
    await run("umount", [directory]);
    await rmdir(directory);
  });
}

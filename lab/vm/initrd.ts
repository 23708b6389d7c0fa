import { chmod, copyFile, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { run } from "#host/process/run.ts";
import { diskDriver, firstInit } from "./recipe.ts";

/**
 * Makes an initrd (Linux, Documentation/driver-api/early-userspace/buffer-format.rst) that does no more than
 * this VM needs, out of a root with busybox-static. A distribution's own takes an emulated processor longer
 * than all the rest of its boot.
 */
export async function makeInitrd(root: string, path: string): Promise<void> {
  const inside = "/tmp/initrd";
  const tree = join(root, inside);
  await removeTree(tree);
  for (const name of ["dev", "root"]) await mkdir(join(tree, name), { recursive: true });
  await copyFile(join(root, "usr/bin/busybox"), join(tree, "busybox"));
  await writeFile(join(tree, "init"), firstInit);
  await chmod(join(tree, "init"), 0o755);
  const modules = await readdir(join(root, "usr/lib/modules"), { recursive: true });
  const module = modules.find((name) => name.endsWith(`/${diskDriver}.ko.xz`));
  if (module === undefined) throw new Error(`the kernel has no module ${diskDriver}`);
  const script = `cd ${inside} && busybox xzcat "/usr/lib/modules/$0" >${diskDriver}.ko &&
    find . | busybox cpio -o -H newc >../initrd.img`;
  await run("chroot", [root, "sh", "-c", script, module]);
  await rename(`${tree}.img`, path);
  await removeTree(tree);
}

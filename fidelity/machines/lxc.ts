import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import type { Machine } from "../machine.ts";
import { archivePoint, type Place } from "../place.ts";
import { unpackRoot } from "../roots.ts";
import { type Child, startChild } from "./child.ts";

/**
 * Debian's defaults for an unprivileged container that root starts; its root is mapped when it is mounted.
 */
const renderConfig = (place: Place, name: string, root: string) => `
lxc.include = /usr/share/lxc/config/common.conf
lxc.include = /usr/share/lxc/config/userns.conf
lxc.apparmor.profile = generated
lxc.apparmor.allow_nesting = 1
lxc.uts.name = ${name}
lxc.rootfs.path = dir:${root}
lxc.rootfs.options = idmap=container
lxc.idmap = u 0 1000000 65536
lxc.idmap = g 0 1000000 65536
lxc.net.0.type = empty
lxc.cgroup.dir = ${place.cgroup.slice(1)}/${name}
${place.archive === undefined ? "" : `lxc.mount.entry = ${place.archive} ${archivePoint.slice(1)} none bind,ro,create=dir 0 0`}
`;

/** An unprivileged machine of LXC. Its root's shell is lxc-attach's. */
export async function startLxc(place: Place, name: string): Promise<Machine> {
  const directory = join(place.directory, name);
  const root = join(directory, "rootfs");
  await mkdir(directory);
  await unpackRoot(place.tarball, root);
  const config = join(directory, "config");
  await writeFile(config, renderConfig(place, name, root));
  const whose = ["-P", place.directory, "-n", name];
  const start = () =>
    startChild(place, `${name}-start`, [
      "lxc-start",
      "--foreground",
      ...whose,
      "-f",
      config,
      "-o",
      join(directory, "log"),
    ]);
  let child: Child = start();
  return {
    run: (script) => place.tryRun("lxc-attach", ...whose, "--clear-env", "--", "sh", "-c", script),
    readCgroups: async () => {
      const pids = await child.readPids();
      return pids === undefined
        ? undefined
        : readFile(`/proc/${pids.init}/cgroup`, "utf8").catch(() => undefined);
    },
    readConsole: async () =>
      `${child.console()}\n${await readFile(join(directory, "log"), "utf8").catch(() => "")}`,
    restart: async () => {
      await place.node.run("lxc-stop", ...whose, "--timeout", "20");
      await child.ended;
      child = start();
    },
    destroy: async () => {
      if ((await child.readPids()) !== undefined) await place.node.run("lxc-stop", ...whose, "--kill");
      await child.ended;
      await removeTree(directory);
    },
  };
}

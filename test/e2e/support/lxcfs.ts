import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { waitFor } from "#lab/wait-for.ts";
import type { Node } from "./nodes.ts";
import { isVmHost } from "./vm-host.ts";

/** Whether lxcfs can be started here, with a memory controller that it reads. */
export const hasLxcfs =
  Bun.which("lxcfs") !== null && existsSync("/dev/fuse") && (isVmHost || existsSync("/sys/fs/cgroup/memory"));
/** Where its unit mounts it. */
export const lxcfsDirectory = "/var/lib/lxcfs";

/** Takes away what a node's host has of it: its unit, or what a lab's node has got a copy of. */
export async function removeLxcfs(one: Node): Promise<void> {
  if (isVmHost) await one.run("systemctl", "stop", "lxcfs.service");
  const script = `while mountpoint --quiet ${lxcfsDirectory}; do umount --lazy ${lxcfsDirectory}; done`;
  await one.run("sh", "-c", script);
}

/**
 * Starts the host's lxcfs as its unit does, with the load besides, in a node's namespaces, and returns when
 * it is mounted.
 */
export async function startLxcfs(one: Node): Promise<ChildProcess> {
  const program = ["lxcfs", "-l", "-p", "/run/lxcfs.pid", lxcfsDirectory];
  const command = ["--target", String(one.pid), "--mount", "--net", "--uts", "--pid", "--", ...program];
  const lxcfs = spawn("nsenter", command, { stdio: "ignore" });
  await waitFor(
    "lxcfs answers",
    async () =>
      (await one.run("sh", "-c", `cat ${lxcfsDirectory}/proc/uptime 2>/dev/null || true`)).stdout !== "",
  );
  return lxcfs;
}

/** Kills it as a crash does, and unmounts it as its unit's ExecStopPost does. */
export async function endLxcfs(one: Node, lxcfs: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => lxcfs.once("exit", resolve));
  await one.run("sh", "-c", "kill -KILL $(cat /run/lxcfs.pid)");
  await ended;
  await one.run("umount", lxcfsDirectory);
}

/**
 * Mounts what a user of the node's host calls lxcfs, as fusermount3(1) would, and which never answers.
 * Returns what takes it away.
 */
export async function mountUsers(one: Node, place: string): Promise<() => Promise<void>> {
  const source = `const { mount } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/syscalls.ts"))});
    const options = "rootmode=40000,user_id=4242,group_id=4242,allow_other,fd=" + require("node:fs").openSync("/dev/fuse", "r+");
    mount("lxcfs", ${JSON.stringify(place)}, "fuse.lxcfs", 2 | 4, options);
    for await (const _ of process.stdin);`;
  await one.run("install", "-d", "-o", "4242", place);
  const command = ["--target", String(one.pid), "--mount", "--pid", "--", process.execPath, "-e", source];
  const holder = spawn("nsenter", command, { stdio: ["pipe", "ignore", "inherit"] });
  await waitFor(`${place} is mounted`, async () =>
    (await one.run("cat", "/proc/self/mountinfo")).stdout.includes(` ${place} `),
  );
  return async () => {
    const ended = new Promise((resolve) => holder.once("exit", resolve));
    holder.stdin.end();
    await ended;
    await one.run("umount", place);
    await one.run("rmdir", place);
  };
}

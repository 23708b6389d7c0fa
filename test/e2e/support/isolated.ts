import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { inside, stateOf } from "./machine.ts";
import type { Node } from "./nodes.ts";
import { entriesBelow } from "./tree.ts";
import { isVmHost } from "./vm-host.ts";

/** The ids of a machine's user namespace, as its host numbers them (user_namespaces(7)). */
export interface HostIds {
  readonly base: number;
  readonly count: number;
}

export async function idsOf(node: Node, name: string): Promise<HostIds> {
  const { pid } = await stateOf(node, name);
  const [, base, count] = (await node.run("cat", `/proc/${pid}/uid_map`)).stdout
    .trim()
    .split(/\s+/)
    .map(Number);
  return { base: base ?? Number.NaN, count: count ?? Number.NaN };
}

/** The directory that holds what a machine has changed of its image. */
export async function upperOf(node: Node, name: string): Promise<string> {
  return (await node.docker("inspect", "--format", "{{.GraphDriver.Data.UpperDir}}", name)).stdout.trim();
}

/** Capabilities of the shell that a command runs, by the names of /proc/self/status: CapEff, CapBnd. */
export async function capabilitiesOf(
  node: Node,
  name: string,
  ...command: readonly string[]
): Promise<Readonly<Record<string, string | undefined>>> {
  const { stdout } = await node.docker("exec", name, ...command, "grep", "^Cap", "/proc/self/status");
  return Object.fromEntries(stdout.split("\n").map((line) => line.trim().split(/:\s+/)));
}

/**
 * Mount points below machines' stages in any mount namespace of the node's processes, each with a process
 * that has it.
 */
export async function stageMounts(node: Node): Promise<string> {
  // Processes end meanwhile, and grep goes on with the next.
  const script =
    "grep -sEo '^([^ ]+ ){4}[^ ]*/berth/runtime/[^ ]*/stage(/[^ ]*)? ' /proc/[0-9]*/mountinfo || true";
  return (await node.run("sh", "-c", script)).stdout.trim();
}

/** The cgroup below which all machines of a node's engine are. */
export function cgroupOf(node: Node): string {
  if (isVmHost) return "/system.slice";
  const lab = basename(dirname(dirname(dirname(node.socket.slice("unix://".length)))));
  return `/berth-engine-${lab.slice("berth-".length).toLowerCase()}-${node.name}`;
}

/**
 * The cgroups that containers of a node's engine have, in any hierarchy: directories of it alone, since
 * others' come and go.
 */
export async function cgroupsOf(node: Node): Promise<string> {
  const top = `/proc/${node.pid}/root/sys/fs/cgroup`;
  const hierarchies = (await readdir(top, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const places = [top, ...hierarchies.map(({ name }) => join(top, name))];
  const found = await Promise.all(places.map((place) => entriesBelow(join(place, cgroupOf(node)))));
  return (
    found
      .flat()
      .flatMap((entry) => (entry.isDirectory() ? [join(entry.parentPath, entry.name)] : []))
      // A host's own services are there, too.
      .filter((path) => !isVmHost || path.includes("/docker-"))
      .join("\n")
  );
}

/** The machines that berth-runtime has a state of. */
export async function statesOf(node: Node): Promise<readonly string[]> {
  const { stdout } = await node.run(
    "sh",
    "-c",
    "find /run/berth/runtime -name stop-signal 2>/dev/null || true",
  );
  return stdout.split("\n").filter((line) => line !== "");
}

/**
 * The id ranges that the node has down as taken, of those that all of the host's engines have: its machines'
 * states by slot.
 */
export async function takenSlots(node: Node): Promise<readonly string[]> {
  const script =
    "cat /run/berth/root; cd /run/berth/ids 2>/dev/null && for slot in [0-9]*; do readlink $slot; done || true";
  const [root = "", ...links] = (await node.run("sh", "-c", script)).stdout.split("\n");
  return links.filter((link) => link.startsWith(`${root}/`)).map((link) => link.slice(root.length));
}

/**
 * Everything that a machine of the image would find, with owners and sizes, as one digest; times and what the
 * engine mounts aside.
 */
export async function imageDigest(node: Node, image: string): Promise<string> {
  const list = `find / -xdev ! -path /etc/hostname ! -path /etc/hosts ! -path /etc/resolv.conf ! -type d -printf '%P %y %m %U %G %s %l\\n'`;
  const sum = "cat /etc/passwd /bin/bash /usr/bin/dpkg /sbin/init";
  const script = `(${list} | sort; find / -xdev -type d -printf '%P %m %U %G\\n' | sort; ${sum}) | sha256sum`;
  return (await node.docker("run", "--rm", "--network=none", image, "sh", "-c", script)).stdout.trim();
}

/** Inodes as a host directory shows them: uid and gid of a file. */
export async function ownerOnHost(node: Node, path: string): Promise<string> {
  return (await node.run("stat", "--format=%u:%g", path)).stdout.trim();
}

export async function ownerInside(node: Node, name: string, path: string): Promise<string> {
  return inside(node, name, `stat --format=%u:%g ${path}`);
}

import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { machineProfile } from "#contract/apparmor-profile.ts";
import { tryRun } from "#host/process/run.ts";
import { loadedProfilesFile } from "#linux/apparmor.ts";
import type { Report } from "./report.ts";

/** Things on this host, each by a line that names it. */
type Traces = readonly string[];

/**
 * Waits until there is nothing, at most 5 s: some things end by themselves a moment later. Returns what
 * stays.
 */
async function settle(look: () => Promise<Traces>): Promise<Traces> {
  let left = await look();
  for (const end = performance.now() + 5000; left.length > 0 && performance.now() < end; left = await look())
    await sleep(250);
  return left;
}

/**
 * What a suite with this temporary directory has left: files in it, mounts on it, and processes that have to
 * do with it.
 */
export function leftoversOf(directory: string): Promise<Traces> {
  return settle(async () => {
    const [files, mounts, running] = await Promise.all([
      list(directory),
      readFile("/proc/self/mountinfo", "utf8"),
      processesOf(directory),
    ]);
    const points = mounts.split("\n").map((line) => line.split(" ")[4] ?? "");
    return [
      ...files.map((file) => `file ${join(directory, file)}`),
      ...points.filter((point) => point.startsWith(directory)).map((point) => `mount ${point}`),
      ...running,
    ];
  });
}

/**
 * Processes that name the directory in their words, environment, open files or in the mounts of a namespace
 * of their own.
 */
export async function processesOf(directory: string): Promise<Traces> {
  const ours = await readlink("/proc/self/ns/mnt");
  // A process may end while it is looked at.
  const text = (path: string) => readFile(path, "utf8").catch(() => "");
  const link = (path: string) => readlink(path).catch(() => "");
  const hasToDo = async (proc: string) => {
    const names = async (file: string) => (await text(join(proc, file))).includes(directory);
    if ((await names("cmdline")) || (await names("environ"))) return true;
    if ((await link(join(proc, "ns/mnt"))) !== ours && (await names("mountinfo"))) return true;
    const open = await Promise.all((await list(join(proc, "fd"))).map((fd) => link(join(proc, "fd", fd))));
    return open.some((path) => path.startsWith(directory));
  };
  const pids = (await list("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (!(await hasToDo(join("/proc", pid)))) return [];
      const command = (await text(join("/proc", pid, "cmdline"))).replaceAll("\0", " ").trim();
      return [`process ${pid}: ${command.slice(0, 160)}`];
    }),
  );
  return found.flat();
}

/**
 * What a machine's start leaves on purpose: a lock's file, since two could hold "the" lock otherwise, and
 * berth's AppArmor profile, which stays loaded until the host's next boot, with the note of its rules.
 */
const staying = [
  "file /run/berth/locks",
  "file /run/berth/apparmor-profile",
  `AppArmor profile ${machineProfile}`,
];

/**
 * The host's own state, which no test may change: network, firewall, cgroups, AppArmor's profiles, the places
 * that berth keeps things in.
 */
export async function readHostState(): Promise<Traces> {
  const found = await Promise.all([
    named("network namespace", "/run/netns"),
    named("network link", "/sys/class/net"),
    named("file", "/run/berth"),
    named("file", "/var/lib/berth"),
    named("file", "/var/cache/berth"),
    named("file", "/usr/local/lib/berth"),
    ...["/etc/docker", "/opt", "/opt/containerd", "/var/lib/docker", "/var/lib/docker/network/files"].map(
      (place) => named("file", place),
    ),
    cgroups(),
    rules(),
    profiles(),
  ]);
  return found.flat().filter((trace) => !staying.includes(trace));
}

/** What the host has that it did not have before, as failures. */
export async function compareHost(before: Traces): Promise<Report> {
  const known = new Set(before);
  const left = await settle(async () => (await readHostState()).filter((trace) => !known.has(trace)));
  return {
    passed: 0,
    failed: left.map((trace) => `left behind on the host: ${trace}`),
    skipped: [],
    notes: [],
  };
}

/** What is in a directory; it may not exist, or go while it is looked at. */
async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}

async function named(kind: string, directory: string): Promise<Traces> {
  return (await list(directory)).map((name) => `${kind} ${join(directory, name)}`);
}

/**
 * Empty cgroups of berth's engines (one with processes belongs to another run), and the slices that a guest's
 * systemd creates if it reaches the host's tree. In every hierarchy.
 */
async function cgroups(): Promise<Traces> {
  const root = "/sys/fs/cgroup";
  const roots = [root, ...(await list(root)).map((name) => join(root, name))];
  const found = await Promise.all(
    roots.map(async (directory) => {
      const suspects = (await list(directory)).filter((name) =>
        /^(berth.*|(system|user|machine)\.slice|init\.scope)$/.test(name),
      );
      const paths = suspects.map((name) => join(directory, name));
      const busy = await Promise.all(paths.map(isPopulated));
      return paths
        .filter((path, index) => busy[index] === false || !path.includes("/berth"))
        .map((path) => `cgroup ${path}`);
    }),
  );
  return found.flat();
}

async function profiles(): Promise<Traces> {
  // Not readable or no AppArmor: then none of ours is loaded either.
  const list = await readFile(loadedProfilesFile, "utf8").catch(() => "");
  return [...list.matchAll(/^(.+) \([a-z]+\)$/gm)].map(([, name]) => `AppArmor profile ${name}`);
}

async function isPopulated(cgroup: string): Promise<boolean> {
  const members = await readFile(join(cgroup, "cgroup.procs"), "utf8").catch(() => "");
  if (members !== "") return true;
  const below = await readdir(cgroup, { withFileTypes: true }).catch(() => []);
  const populated = await Promise.all(
    below.filter((entry) => entry.isDirectory()).map(({ name }) => isPopulated(join(cgroup, name))),
  );
  return populated.includes(true);
}

async function rules(): Promise<Traces> {
  // Not installed or not permitted: then none of ours exist either.
  const ask = (command: string, ...args: readonly string[]) =>
    tryRun(command, args).then(
      ({ stdout }) => stdout,
      () => "",
    );
  // Do not ask the legacy tools for a table that does not exist: that would create it.
  const tables = (await readFile("/proc/net/ip_tables_names", "utf8").catch(() => ""))
    .split("\n")
    .filter((name) => name !== "");
  const texts = await Promise.all([
    ask("nft", "--stateless", "list", "ruleset"),
    ...tables.map((table) => ask("iptables-legacy-save", "--table", table)),
  ]);
  return texts
    .flatMap((text) => text.split("\n"))
    .map((line) => line.replace(/ ?\[\d+:\d+\]/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => `firewall rule ${line}`);
}

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type HostCgroup, parseCapabilityMask, parseCgroupLayout } from "#contract/host.ts";
import { parseProcCover } from "#contract/proc-mount.ts";
import { findParser, isProfileLoaded } from "#host/apparmor/machine-profile.ts";
import { isReadOnly } from "#host/files/read-only.ts";
import { unmappedLayers } from "#host/namespace/stage/overlay.ts";
import { readPackageManager } from "#host/process/package-manager.ts";
import {
  ignoreUnreadable,
  isMissing,
  readLinkTarget,
  readNumber,
  readText,
} from "#host/process/proc-file.ts";
import { readWall } from "#host/publish/engine-wall.ts";
import { isSystemdBooted } from "#host/systemd/booted.ts";
import { stopUnitFile } from "#host/systemd/stop-unit.ts";
import { capabilities } from "#linux/capability.ts";
import type { HostFacts } from "#plan/doctor/doctor-facts.ts";
import type { Wall } from "#plan/network/engine-wall.ts";
import { readDisk } from "./engine-disk.ts";
import { readUserNamespaces } from "./facts.ts";
import { readHostNetwork } from "./host-network.ts";

/**
 * The facts of this host as an engine sees them: `pid` is the engine's process, or `self`. `dataRoot` is the
 * engine's own directory. What this user may not read stays undefined, or, for mounts, is read as this
 * process sees it.
 */
export async function readHostFacts(pid: number | "self", dataRoot: string | undefined): Promise<HostFacts> {
  const [
    cgroup,
    lackingCapabilities,
    inotify,
    userKeys,
    rootKeys,
    most,
    used,
    apparmor,
    selinux,
    manageCgroup,
    lxcfs,
    disk,
    bridge,
    network,
    programs,
    apparmorProfile,
    restriction,
    keepsLayers,
    procCover,
    wall,
    noStopUnit,
  ] = await Promise.all([
    readCgroup(pid),
    readLacking(pid),
    readNumber("/proc/sys/fs/inotify/max_user_instances"),
    readNumber("/proc/sys/kernel/keys/maxkeys"),
    readNumber("/proc/sys/kernel/keys/root_maxkeys"),
    readNumber("/proc/sys/kernel/pty/max"),
    readNumber("/proc/sys/kernel/pty/nr"),
    readText("/sys/module/apparmor/parameters/enabled"),
    isMissing("/sys/fs/selinux/enforce"),
    readText("/sys/fs/selinux/booleans/container_manage_cgroup"),
    isMissing("/var/lib/lxcfs/proc/meminfo"),
    dataRoot === undefined ? undefined : readDisk(pid, dataRoot),
    readBridgeFilter(pid),
    readHostNetwork(pid),
    readPrograms(),
    readApparmorProfile(),
    readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
    isMissing(`/proc/${pid}/root${unmappedLayers}`),
    readProcCover(pid),
    readEngineWall(pid),
    isMissing(stopUnitFile),
  ]);
  return {
    cgroup,
    userNamespaces: readUserNamespaces(`/proc/${pid}/uid_map`),
    mapsLayers: keepsLayers === false ? false : undefined,
    procCover,
    lackingCapabilities,
    inotifyInstances: inotify,
    keys: userKeys === undefined || rootKeys === undefined ? undefined : { user: userKeys, root: rootKeys },
    ptys: most === undefined || used === undefined ? undefined : { most, used },
    apparmor: apparmor?.startsWith("Y") ?? false,
    apparmorProfile,
    restrictsUserns: restriction === undefined ? undefined : restriction === 1,
    selinux: selinux === false,
    // "current pending", each 0 or 1
    selinuxManageCgroup: manageCgroup === undefined ? undefined : manageCgroup.startsWith("1"),
    lxcfs: lxcfs === false,
    disk,
    bridgeFilter: bridge,
    wall,
    network,
    stopUnit: noStopUnit === undefined || !isSystemdBooted() ? undefined : !noStopUnit,
    programs,
  };
}

async function readPrograms(): Promise<HostFacts["programs"]> {
  const [readOnly, fapolicyd, nvidia] = await Promise.all([
    isReadOnly("/usr/local"),
    isMissing("/run/fapolicyd"),
    isMissing("/dev/nvidiactl"),
  ]);
  return { readOnly, fapolicyd: fapolicyd === false, nvidia: nvidia === false };
}

/** Whether a program is in one of the directories of PATH. */
export async function hasProgram(name: string, path: string | undefined): Promise<boolean> {
  const directories = (path ?? "").split(delimiter).filter((directory) => directory !== "");
  const found = await Promise.all(
    directories.map((directory) =>
      ignoreUnreadable(access(join(directory, name), constants.X_OK).then(() => true)),
    ),
  );
  return found.includes(true);
}

function readApparmorProfile(): HostFacts["apparmorProfile"] {
  const loaded = isProfileLoaded();
  if (loaded === undefined) return undefined;
  return { loaded, parser: findParser() !== undefined, packageManager: readPackageManager() };
}

async function readCgroup(pid: number | "self"): Promise<HostCgroup | undefined> {
  const mounts = (await readText(`/proc/${pid}/mountinfo`)) ?? (await readText("/proc/self/mountinfo"));
  return mounts === undefined ? undefined : parseCgroupLayout(mounts);
}

async function readProcCover(pid: number | "self"): Promise<string | undefined> {
  return parseProcCover((await readText(`/proc/${pid}/mountinfo`)) ?? "");
}

async function readLacking(pid: number | "self"): Promise<readonly string[] | undefined> {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec((await readText(`/proc/${pid}/status`)) ?? "")?.[1];
  const last = await readNumber("/proc/sys/kernel/cap_last_cap");
  if (bounding === undefined || last === undefined) return undefined;
  const has = parseCapabilityMask(bounding, capabilities);
  return capabilities.slice(0, last + 1).filter((name) => !has.has(name));
}

/** /proc/sys/net shows the reader's network namespace, so skip it for an engine in another one. */
async function readBridgeFilter(pid: number | "self"): Promise<boolean | undefined> {
  if (!(await sharesNetwork(pid))) return undefined;
  const value = await readNumber("/proc/sys/net/bridge/bridge-nf-call-iptables");
  return value === undefined ? undefined : value === 1;
}

/** Of docker0: the engine gives each of its bridges the same. Only root may read it, in its own namespace. */
async function readEngineWall(pid: number | "self"): Promise<Wall | undefined> {
  if (process.geteuid?.() !== 0 || !(await sharesNetwork(pid))) return undefined;
  return await readWall("ipv4", "docker0");
}

async function sharesNetwork(pid: number | "self"): Promise<boolean> {
  const [theirs, ours] = await Promise.all([
    readLinkTarget(`/proc/${pid}/ns/net`),
    readLinkTarget("/proc/self/ns/net"),
  ]);
  return theirs !== undefined && theirs === ours;
}

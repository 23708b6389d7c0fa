import { existsSync, readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { type Host, parseCapabilityMask, parseCgroupLayout } from "#contract/host.ts";
import { parseProcCover } from "#contract/proc-mount.ts";
import { BerthError } from "#errors.ts";
import { unmappedLayers } from "#host/namespace/stage/overlay.ts";
import { capabilities } from "#linux/capability.ts";

/**
 * Reads the facts of the host this process runs on; `mountinfo` is that of its own mount namespace. Throws
 * `host-unfit` without any cgroup mount.
 */
export function readHost(mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): Host {
  const cgroup = parseCgroupLayout(mountinfo);
  if (cgroup === undefined) {
    throw new BerthError("host-unfit", "cannot find a mounted cgroup file system", {
      hint: "mount cgroup2 on /sys/fs/cgroup: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    });
  }
  const [major = 0, minor = 0] = readFileSync("/proc/sys/kernel/osrelease", "utf8").split(/[.-]/).map(Number);
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return {
    cgroup,
    capabilities: bounding === undefined ? undefined : parseCapabilityMask(bounding, capabilities),
    userNamespaces: readUserNamespaces(),
    lsm: {
      apparmor: readsYes("/sys/module/apparmor/parameters/enabled"),
      selinux: existsSync("/sys/fs/selinux/enforce"),
    },
    sysctlDirectories: readdirSync("/proc/sys"),
    memory: totalmem(),
    fuse: existsSync("/dev/fuse"),
    kernel: [major, minor],
    mapsLayers: existsSync(unmappedLayers) ? false : undefined,
    procCover: parseProcCover(mountinfo),
  };
}

/** Every id there is, as the first user namespace has them. */
const allIds = /^\s*0\s+0\s+4294967295$/;

/** What a process, by its uid_map, can make of user namespaces. */
export function readUserNamespaces(map = "/proc/self/uid_map"): Host["userNamespaces"] {
  const limit = "/proc/sys/user/max_user_namespaces";
  if (!existsSync(limit) || !existsSync(map) || readFileSync(limit, "utf8") === "0\n") return "off";
  return allIds.test(readFileSync(map, "utf8").trimEnd()) ? "free" : "nested";
}

function readsYes(path: string): boolean {
  return existsSync(path) && readFileSync(path, "utf8").startsWith("Y");
}

import { fail, ok, warn } from "./check.ts";
import { checkConfinement } from "./doctor-confinement.ts";
import type { Check, EngineFacts, HostFacts } from "./doctor-facts.ts";
import { checkEngineFirewall } from "./engine-firewall.ts";
import { checkPrograms } from "./host-programs.ts";
import { checkLiveRestore } from "./live-restore.ts";

/** The checks of the engine's host; unreadable facts have no check. */
export function checkHost(host: HostFacts, engine: EngineFacts | undefined): readonly Check[] {
  return [
    checkCgroups(host),
    ...checkCapabilities(host),
    ...checkConfinement(host, engine),
    ...checkInotify(host),
    ...checkKeys(host),
    ...checkPtys(host),
    ...checkDisk(host),
    ...checkBridgeFilter(host),
    ...checkEngineFirewall(host.wall),
    ...(engine === undefined ? [] : checkLiveRestore(engine, host)),
    ...checkPrograms(host),
    ok(
      "lxcfs",
      "lxcfs",
      host.lxcfs
        ? "runs"
        : "does not run: `free` and `nproc` in a machine show the host's memory and processors",
    ),
  ];
}

function checkCgroups({ cgroup }: HostFacts): Check {
  const [id, title] = ["cgroups", "Control groups"];
  if (cgroup === undefined)
    return fail(id, title, "missing cgroup file system", "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
  switch (cgroup.layout) {
    case "v2":
      if (cgroup.nsdelegate) return ok(id, title, "v2, delegated to machines safely (nsdelegate)");
      return warn(
        id,
        title,
        "v2 without nsdelegate: root in a machine can raise the machine's own limits",
        "mount -o remount,nsdelegate /sys/fs/cgroup",
      );
    case "hybrid":
      if (cgroup.named !== undefined)
        return ok(id, title, "hybrid: v1 controllers, with cgroup2 beside them for new inits");
      return warn(
        id,
        title,
        "hybrid without the hierarchy name=systemd: machines with systemd before 256 do not boot",
        "mkdir /sys/fs/cgroup/systemd && " +
          "mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd",
      );
    default:
      return warn(
        id,
        title,
        "v1 alone: machines with systemd 258 or later do not boot",
        "mkdir /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified",
      );
  }
}

function checkCapabilities({ lackingCapabilities: lacking }: HostFacts): readonly Check[] {
  if (lacking === undefined) return [];
  const [id, title] = ["capabilities", "Capabilities"];
  if (lacking.length === 0) return [ok(id, title, "the engine has all capabilities of the kernel")];
  return [
    warn(
      id,
      title,
      `the engine and its machines lack ${lacking.join(", ")}; privileged machines may not start`,
      "start the engine with the whole bounding set (CapabilityBoundingSet= in its unit)",
    ),
  ];
}

/**
 * Measured for a booted systemd machine: 128 instances suffice for 11 to 20 machines. Machines with profile
 * `full` have their own limit.
 */
const instancesPerMachine = { least: 6, most: 11 };
const enoughMachines = 50;

function checkInotify({ inotifyInstances: instances }: HostFacts): readonly Check[] {
  if (instances === undefined) return [];
  const [id, title] = ["inotify", "inotify instances"];
  const machines = Math.floor(instances / instancesPerMachine.most);
  if (machines >= enoughMachines)
    return [ok(id, title, `${instances}, for about ${machines} machines or more`)];
  return [
    warn(
      id,
      title,
      `${instances}, enough for ${machines} to ${Math.floor(instances / instancesPerMachine.least)} ` +
        'machines without profile "full"',
      "sysctl -w fs.inotify.max_user_instances=8192",
    ),
  ];
}

function checkKeys({ keys }: HostFacts): readonly Check[] {
  if (keys === undefined) return [];
  const [id, title] = ["keys", "Kernel keys"];
  // Each container has a session keyring; those of root in machines count as the host's root.
  if (keys.root >= 1000) return [ok(id, title, `${keys.root} for root, ${keys.user} for any other user`)];
  return [
    warn(
      id,
      title,
      `${keys.root} for root, enough for some hundreds of machines`,
      "sysctl -w kernel.keys.root_maxkeys=1000000",
    ),
  ];
}

function checkPtys({ ptys }: HostFacts): readonly Check[] {
  if (ptys === undefined) return [];
  const [id, title] = ["ptys", "Terminals"];
  const left = ptys.most - ptys.used;
  if (left >= 200) return [ok(id, title, `${ptys.used} of ${ptys.most} used`)];
  return [
    warn(
      id,
      title,
      `only ${left} of ${ptys.most} left; a machine needs at least one`,
      `sysctl -w kernel.pty.max=${Math.max(4096, ptys.most * 2)}`,
    ),
  ];
}

const GiB = 1024 ** 3;

function checkDisk({ disk }: HostFacts): readonly Check[] {
  if (disk === undefined) return [];
  const [id, title] = ["disk", "Free disk"];
  const detail = `${(disk.free / GiB).toFixed(1)} GiB at ${disk.directory}`;
  const hint = "free space there: `docker system df` shows what uses it";
  if (disk.free < GiB / 2) return [fail(id, title, `${detail}: too little to create a machine`, hint)];
  if (disk.free < 5 * GiB)
    return [
      warn(id, title, `${detail}; an image needs about 0.2 GiB, and each machine what it writes`, hint),
    ];
  return [ok(id, title, detail)];
}

function checkBridgeFilter({ bridgeFilter }: HostFacts): readonly Check[] {
  if (bridgeFilter === undefined) return [];
  return [
    ok(
      "bridge-filter",
      "Bridge filter",
      bridgeFilter
        ? "on: the host's firewall also filters among machines"
        : "off: the host's firewall does not filter among machines",
    ),
  ];
}

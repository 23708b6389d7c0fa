import { BerthError } from "#errors.ts";
import type { GuestInit } from "./guest.ts";
import type { HostCgroup } from "./host.ts";

/**
 * What the machine sees at /sys/fs/cgroup. Wherever something is writable, it has its own cgroup namespace.
 * - `read-only`: everything, in the cgroup namespace that the engine chose. For inits that manage no cgroups.
 * - `cgroup2`: the machine's own subtree of the host's only hierarchy, writable.
 * - `named`: the v1 controllers read-only, and the machine's own subtree of `name=systemd` writable.
 * - `delegated`: as `named`, with writable controllers, for a machine whose root is not the host's root. File
 *   permissions let it create cgroups below its own and protect the machine's own limits, as in LXC.
 * - `unified`: the machine's own subtree of a hybrid host's cgroup2, writable, without controllers.
 */
export type CgroupView = "read-only" | "cgroup2" | "named" | "delegated" | "unified";

/**
 * How many cgroups a machine may make below its own, and how deep (cgroup2's core files): ids of memory
 * cgroups are the whole kernel's, 65,535 of them. Some hundred services and containers are far from it, and
 * no path of so few names is too long for a call (PATH_MAX), with which runtimes remove cgroups.
 */
export const cgroupBounds = { "cgroup.max.descendants": "2000", "cgroup.max.depth": "14" } as const;

export interface CgroupContract {
  readonly view: CgroupView;
  /** Arguments that PID 1 needs for this view. */
  readonly arguments: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * From here on systemd can run on cgroup2 alone (NEWS 233: unified hierarchy without the hybrid's v1 mount).
 */
const firstWithCgroup2 = 233;
/** From here on systemd waits half a minute before it accepts v1 (NEWS 256). */
const firstToShunV1 = 256;
/** From here on v1 is gone (NEWS 258). */
const firstWithoutV1 = 258;
/** Stands for "newer than any": a systemd whose version the root does not tell is taken for a current one. */
const current = 1000;

/**
 * Chooses the view; `isolated` is a machine in a user namespace of its own. Throws `host-unfit` where this
 * host cannot give this init what it needs.
 */
export function contractCgroups(init: GuestInit, host: HostCgroup, isolated: boolean): CgroupContract {
  if (init.kind !== "systemd") return { view: "read-only", arguments: [], warnings: [] };
  const version = init.version ?? current;
  return host.layout === "v2" ? onV2(version, host) : onV1(version, host, isolated);
}

function onV2(version: number, host: HostCgroup): CgroupContract {
  if (version < firstWithCgroup2) {
    throw new BerthError(
      "host-unfit",
      `systemd ${version} in this machine supports only cgroup v1, this host only cgroup v2`,
      {
        hint:
          "boot the host with systemd.unified_cgroup_hierarchy=0 on its kernel command line, " +
          "or use a newer root",
      },
    );
  }
  const warnings = host.nsdelegate
    ? []
    : [
        "root in the machine can raise the machine's own limits: " +
          "the host mounts cgroup2 without nsdelegate (mount -o remount,nsdelegate)",
      ];
  return { view: "cgroup2", arguments: [], warnings };
}

function onV1(version: number, host: HostCgroup, isolated: boolean): CgroupContract {
  if (version >= firstToShunV1 && host.unified !== undefined)
    return { view: "unified", arguments: [], warnings: [] };
  if (version >= firstWithoutV1) {
    throw new BerthError(
      "host-unfit",
      `systemd ${version === current ? "" : `${version} `}in this machine needs cgroup2, ` +
        "this host mounts only cgroup v1",
      {
        hint:
          "mount it beside the others: " +
          "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified",
      },
    );
  }
  if (host.named === undefined) {
    throw new BerthError(
      "host-unfit",
      "the machine's systemd needs the cgroup hierarchy name=systemd, which this host lacks",
      {
        hint:
          "mount it: mkdir -p /sys/fs/cgroup/systemd && " +
          "mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd",
      },
    );
  }
  // proc-cmdline reads PID 1's own arguments in a container.
  return {
    view: isolated ? "delegated" : "named",
    arguments: version >= firstToShunV1 ? ["SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"] : [],
    warnings: [],
  };
}

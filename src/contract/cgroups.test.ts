import { describe, expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import { contractCgroups } from "./cgroups.ts";
import type { HostCgroup } from "./host.ts";

const named = "/sys/fs/cgroup/systemd";
const hosts = {
  v2: { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: true },
  "v2 without nsdelegate": { layout: "v2", named: undefined, unified: "/sys/fs/cgroup", nsdelegate: false },
  "v2 with a named hierarchy besides": {
    layout: "v2",
    named: "/sys/fs/cgroup/systemd",
    unified: "/sys/fs/cgroup",
    nsdelegate: true,
  },
  hybrid: { layout: "hybrid", named, unified: "/sys/fs/cgroup/unified", nsdelegate: false },
  "hybrid without named": {
    layout: "hybrid",
    named: undefined,
    unified: "/sys/fs/cgroup/unified",
    nsdelegate: false,
  },
  v1: { layout: "v1", named, unified: undefined, nsdelegate: false },
  "v1 without named": { layout: "v1", named: undefined, unified: undefined, nsdelegate: false },
} as const satisfies Record<string, HostCgroup>;

const versions = [215, 219, 229, 232, 233, 252, 255, 256, 257, 258, 262, undefined] as const;

/**
 * One row a host, one letter a version in the order above: c cgroup2, n named, f named by force, u unified, -
 * refused.
 */
const matrix: Readonly<Record<keyof typeof hosts, string>> = {
  v2: "----cccccccc",
  "v2 without nsdelegate": "----cccccccc",
  "v2 with a named hierarchy besides": "----cccccccc",
  hybrid: "nnnnnnnuuuuu",
  "hybrid without named": "-------uuuuu",
  v1: "nnnnnnnff---",
  "v1 without named": "------------",
};
const meaning = {
  c: { view: "cgroup2", arguments: [] },
  n: { view: "named", arguments: [] },
  f: { view: "named", arguments: ["SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"] },
  u: { view: "unified", arguments: [] },
} as const;

const cells = Object.entries(hosts).flatMap(([name, host]) =>
  versions.map((version, index) => ({
    name,
    host: host as HostCgroup,
    version,
    letter: matrix[name as keyof typeof hosts][index],
  })),
);

function refusal(version: number | undefined, host: HostCgroup): BerthError {
  try {
    contractCgroups({ kind: "systemd", program: "/usr/lib/systemd/systemd", version }, host, false);
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("systemd on every host", () => {
  test.each(cells.filter((cell) => cell.letter !== "-"))(
    "$name, systemd $version: $letter",
    ({ host, version, letter }) => {
      const { warnings, ...chosen } = contractCgroups(
        { kind: "systemd", program: "/usr/lib/systemd/systemd", version },
        host,
        false,
      );
      expect(chosen).toEqual(meaning[letter as keyof typeof meaning] as unknown as typeof chosen);
      const warned = host.layout === "v2" && !host.nsdelegate;
      expect(warnings).toHaveLength(warned ? 1 : 0);
      if (warned) expect(warnings[0]).toContain("remount,nsdelegate");
    },
  );

  test.each(cells.filter((cell) => cell.letter === "-"))(
    "$name, systemd $version: refused",
    ({ host, version }) => {
      const error = refusal(version, host);
      expect(error.code).toBe("host-unfit");
      expect(error.message).not.toContain("1000");
      const next =
        host.layout === "v2"
          ? "systemd.unified_cgroup_hierarchy=0"
          : (version ?? 999) >= 258
            ? "-t cgroup2"
            : "name=systemd";
      expect(error.hint).toContain(next);
    },
  );
});

test.each(cells.filter((cell) => cell.letter !== "-"))(
  "$name, systemd $version, isolated: controllers too where it sees v1",
  ({ host, version }) => {
    const [shared, isolated] = [false, true].map((own) =>
      contractCgroups({ kind: "systemd", program: "/sbin/init", version }, host, own),
    );
    expect(isolated).toEqual({
      ...shared,
      view: shared?.view === "named" ? "delegated" : shared?.view,
    } as typeof isolated);
  },
);

test.each(["sysvinit", "openrc", "runit", "busybox", "s6"] as const)(
  "%s manages no cgroups and boots on every host",
  (kind) => {
    for (const host of Object.values(hosts)) {
      expect(contractCgroups({ kind, program: "/sbin/init", version: undefined }, host, true)).toEqual({
        view: "read-only",
        arguments: [],
        warnings: [],
      });
    }
  },
);

import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { isRoot } from "#lab/mount-namespace.ts";
import { lastMountAt } from "#linux/mountinfo.ts";
import { engineCgroup, freeEngineCgroups } from "./engine-cgroups.ts";

const name = `test-${process.pid}`;
const below = (hierarchy: string) =>
  [
    `/sys/fs/cgroup/${hierarchy}${engineCgroup(name)}`,
    `/sys/fs/cgroup/${hierarchy}${engineCgroup(name)}/docker`,
  ] as const;
const hierarchies = ["freezer", "cpu", "blkio"] as const;
const hasV1 = hierarchies.every((hierarchy) => existsSync(`/sys/fs/cgroup/${hierarchy}/cgroup.procs`));
const disk = () => lastMountAt(readFileSync("/proc/self/mountinfo", "utf8"), "/")?.device ?? "";

afterEach(() => {
  for (const directory of hierarchies.flatMap((hierarchy) => below(hierarchy).toReversed()))
    if (existsSync(directory)) rmdirSync(directory);
});

test.skipIf(!isRoot || !hasV1)(
  "what machines hold by a freezer or by limits is let go (needs root, cgroup v1)",
  async () => {
    for (const directory of hierarchies.flatMap((hierarchy) => below(hierarchy))) mkdirSync(directory);
    const files = [
      [`${below("freezer")[1]}/freezer.state`, "FROZEN", "THAWED"],
      [`${below("cpu")[1]}/cpu.cfs_quota_us`, "1000", "-1"],
      [`${below("blkio")[1]}/blkio.throttle.read_bps_device`, `${disk()} 8`, ""],
      [`${below("blkio")[0]}/blkio.throttle.write_iops_device`, `${disk()} 1`, ""],
    ] as const;
    for (const [file, held] of files) writeFileSync(file, held);
    const read = () => files.map(([file]) => readFileSync(file, "utf8").trim());
    expect(read()).toEqual(files.map(([, held]) => held));
    await freeEngineCgroups(name);
    expect(read()).toEqual(files.map(([, , free]) => free));
  },
);

import { expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import { contractLxcfs, parseLxcfs, staleLxcfsMounts } from "./lxcfs.ts";

const host = `25 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
837 25 0:179 / /var/lib/lxcfs rw,nosuid,nodev,relatime shared:7 - fuse.lxcfs lxcfs rw,user_id=0,group_id=0,allow_other
`;
const marker =
  "1190 1130 0:52 /berth/runtime/run/docker/runtime-runc/moby/0123/host /run/host ro,nosuid - tmpfs tmpfs rw\n";
const machine = (device: string) =>
  `1160 1129 0:161 / /proc rw - proc proc rw
1163 1160 ${device} /proc/meminfo /proc/meminfo ro,nosuid,nodev,noexec,relatime - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
1167 1132 ${device} /sys/devices/system/cpu/online /sys/devices/system/cpu/online ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
1168 1132 ${device} /proc/slabinfo /proc/slabinfo ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
1169 1132 ${device} /proc/stat /mnt/stat ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
1170 1132 ${device} / /var/lib/lxcfs ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
`;

const users = host.replaceAll("_id=0", "_id=4242").replace("837", "838").replace("/var/lib", "/home/u");

test.each<[string, string, readonly object[]]>([
  ["a host without one", "25 1 254:1 / / rw - ext4 /dev/vda1 rw\n", []],
  ["a host with one", host, [{ id: 837, directory: "/var/lib/lxcfs", device: "0:179" }]],
  [
    "the last of two first",
    host + host.replaceAll("0:179", "0:63").replace("837", "901"),
    [{ id: 901 }, { id: 837 }],
  ],
  ["a place with a space", host.replace("/var/lib/lxcfs", "/srv/l\\040x"), [{ directory: "/srv/l x" }]],
  ["single files of one", machine("0:1").replace(/^1170.*\n/m, ""), []],
  ["what another user calls so", users, []],
  ["what another user calls so beside it", host + users, [{ id: 837 }]],
])("%s", (_, mountinfo, mounts) => {
  const found = parseLxcfs(mountinfo);
  expect(found).toMatchObject(mounts);
  expect(found.length).toBe(mounts.length);
});

test("a machine gets the files that the host's lxcfs offers, each over the kernel's own", () => {
  const lxcfs = { directory: "/var/lib/lxcfs", device: "0:1", files: ["/proc/meminfo", "/proc/uptime"] };
  expect(contractLxcfs(lxcfs, "runtime")).toEqual([
    { source: "/var/lib/lxcfs/proc/meminfo", target: "/proc/meminfo" },
    { source: "/var/lib/lxcfs/proc/uptime", target: "/proc/uptime" },
  ]);
});

test.each([
  ["without lxcfs", undefined, "runtime", "systemctl start lxcfs"],
  [
    "with a dead one",
    { directory: "/var/lib/lxcfs", device: "0:1", files: [] },
    "runtime",
    "apt-get install lxcfs",
  ],
  [
    "without berth-runtime",
    { directory: "/var/lib/lxcfs", device: "0:1", files: ["/proc/stat"] },
    "api",
    "berth install runtime",
  ],
] as const)("%s the host is unfit", (_, lxcfs, applied, remedy) => {
  let thrown: unknown;
  try {
    contractLxcfs(lxcfs, applied);
  } catch (error) {
    thrown = error;
  }
  expect(hasCode(thrown, "host-unfit") && thrown.hint).toContain(remedy);
});

test.each([
  ["from its state", marker],
  ["from the stage of one in full", marker.replace(/ \/berth\S+/, " /own/host")],
])("stale are mounts of another lxcfs in a machine at their own places, /run/host %s", (_, mark) => {
  expect(staleLxcfsMounts(mark + machine("0:9"), "0:10")).toEqual([
    { id: 1163, file: "/proc/meminfo" },
    { id: 1167, file: "/sys/devices/system/cpu/online" },
  ]);
  expect(staleLxcfsMounts(mark + machine("0:9"), "0:9")).toEqual([]);
});

test("one that lies hidden below another mount of the place it is in is not", () => {
  const again = `1132 1129 0:20 / /sys rw - sysfs sysfs rw
1200 1132 0:20 / /sys ro - sysfs sysfs rw
1201 1200 0:9 /sys/devices/system/cpu/online /sys/devices/system/cpu/online ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
`;
  expect(staleLxcfsMounts(marker + machine("0:9") + again, "0:10").map(({ id }) => id)).toEqual([1163, 1201]);
});

test("one that lies over another of lxcfs is, whichever of them has ended", () => {
  const over = `1300 1163 0:10 /proc/meminfo /proc/meminfo ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
1301 1300 0:8 /proc/meminfo /proc/meminfo ro - fuse.lxcfs lxcfs rw,user_id=0,group_id=0
`;
  const staleOf = (device: string) =>
    staleLxcfsMounts(marker + machine(device) + over, "0:10").map(({ id }) => id);
  expect(staleOf("0:9")).toEqual([1163, 1167, 1301]);
  expect(staleOf("0:10")).toEqual([1301]);
});

test("what is no machine of berth-runtime is nobody's business here", () => {
  expect(staleLxcfsMounts(machine("0:9"), "0:10")).toEqual([]);
  const lxc = "1190 1130 0:52 /lxc/host /run/host ro,nosuid - tmpfs tmpfs rw\n";
  expect(staleLxcfsMounts(lxc + machine("0:9"), "0:10")).toEqual([]);
});

test("however long a line is, one look at it is enough", () => {
  const deep = "/berth/runtime".repeat(30_000);
  const mountinfo = [1, 2, 3].map((id) => `${id} 1 0:52 ${deep} /mnt/${id} rw - tmpfs tmpfs rw\n`).join("");
  const before = performance.now();
  expect(staleLxcfsMounts(mountinfo + machine("0:9"), "0:10")).toEqual([]);
  expect(performance.now() - before).toBeLessThan(500);
  expect(staleLxcfsMounts(mountinfo + marker + machine("0:9"), "0:10").length).toBe(2);
});

test("what another user has mounted in a machine's place is not lxcfs", () => {
  expect(staleLxcfsMounts(marker + machine("0:9").replaceAll("_id=0", "_id=4242"), "0:10")).toEqual([]);
});

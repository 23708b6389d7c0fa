import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { capabilities } from "#linux/capability.ts";
import { parseCapabilityMask, parseCgroupLayout } from "./host.ts";

const real = (name: string) => readFileSync(`${import.meta.dir}/testdata/${name}.mountinfo`, "utf8");
const root = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:20 / /sys rw - sysfs sysfs rw\n";
const tmpfs = "3 2 0:21 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n";
const named = "/sys/fs/cgroup/systemd";
const unified = "/sys/fs/cgroup/unified";

describe("layouts", () => {
  test.each([
    ["a hybrid host", real("hybrid"), { layout: "hybrid", named, unified, nsdelegate: false }],
    [
      "a v2 host whose root, switched to from the initrd, is listed after /sys",
      real("v2"),
      { layout: "v2", nsdelegate: true },
    ],
    [
      "/sys mounted anew over hybrid mounts, with cgroup2",
      real("v2-over-hybrid"),
      { layout: "v2", nsdelegate: false },
    ],
    [
      "/sys mounted anew over hybrid mounts, with the same",
      real("hybrid-over-hybrid"),
      { layout: "hybrid", named, unified, nsdelegate: false },
    ],
    [
      "v1, systemd's own",
      `${root}${tmpfs}4 3 0:22 / ${named} rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n5 3 0:23 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n`,
      { layout: "v1", named, unified: undefined, nsdelegate: false },
    ],
    [
      "v1 without name=systemd",
      `${root}${tmpfs}5 3 0:23 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`,
      { layout: "v1" },
    ],
    [
      "v1 where something keeps a cgroup2 elsewhere",
      `${root}${tmpfs}5 3 0:23 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n6 1 0:24 / /run/cilium/cgroupv2 rw - cgroup2 none rw`,
      { layout: "v1" },
    ],
    [
      "v2 with a named v1 hierarchy besides",
      `${root}3 2 0:21 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n4 3 0:22 / ${named} rw - cgroup cgroup rw,name=systemd`,
      { layout: "v2", named, nsdelegate: true },
    ],
    [
      "a chroot, whose own root is no mount",
      "2 1 0:20 / /sys rw - sysfs s rw\n3 2 0:21 / /sys/fs/cgroup rw - cgroup2 c rw",
      { layout: "v2" },
    ],
    [
      "a rootfs that is its own parent",
      `1 1 0:1 / / rw - rootfs r rw\n${tmpfs}3 1 0:21 / /sys/fs/cgroup rw - cgroup2 c rw`,
      { layout: "v2" },
    ],
    [
      "mounted twice at one place: the upper one counts",
      `${root}3 2 0:21 / /sys/fs/cgroup rw - cgroup2 c rw\n4 3 0:21 / /sys/fs/cgroup rw - cgroup2 c rw,nsdelegate`,
      { layout: "v2", nsdelegate: true },
    ],
  ] as const)("%s", (_, mountinfo, expected) => {
    const whole = {
      named: undefined,
      unified: expected.layout === "v2" ? "/sys/fs/cgroup" : undefined,
      nsdelegate: false,
    };
    expect(parseCgroupLayout(mountinfo)).toEqual({ ...whole, ...expected });
  });

  test.each([
    ["nothing", ""],
    ["no cgroup mount", root],
    [
      "hidden below an empty /sys",
      `${root}3 2 0:21 / /sys/fs/cgroup rw - cgroup2 c rw\n9 2 0:30 / /sys rw - sysfs sysfs rw`,
    ],
    [
      "hidden below a tmpfs",
      `${root}3 2 0:21 / /sys/fs/cgroup rw - cgroup2 c rw\n9 3 0:30 / /sys/fs/cgroup rw - tmpfs t rw`,
    ],
    ["no mountinfo at all", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0"],
  ])("none can be seen: %s", (_, mountinfo) => {
    expect(parseCgroupLayout(mountinfo)).toBeUndefined();
  });
});

test.each([
  ["0000000000000000", []],
  ["0000000000000001", ["CAP_CHOWN"]],
  ["0000000000200000", ["CAP_SYS_ADMIN"]],
  ["0000010000000000", ["CAP_CHECKPOINT_RESTORE"]],
  ["ffffffffffffffff", capabilities],
])("capability mask %s", (mask, expected) => {
  expect([...parseCapabilityMask(mask, capabilities)]).toEqual([...expected]);
});

test("a bounding set that lacks one capability", () => {
  const set = parseCapabilityMask("000001fffeffffff", capabilities);
  expect(capabilities.filter((name) => !set.has(name))).toEqual(["CAP_SYS_RESOURCE"]);
});

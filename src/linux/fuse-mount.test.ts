import { expect, test } from "bun:test";
import { isRootsFuse, parseOthersFuse } from "./fuse-mount.ts";

test.each([
  ["rw,user_id=0,group_id=0,default_permissions,allow_other", true],
  ["ro,user_id=0,group_id=0", true],
  ["rw,user_id=4242,group_id=4242", false],
  ["rw,user_id=4242,group_id=0", false],
  ["rw,user_id=0,group_id=4242", false],
  ["rw,user_id=00,group_id=0", false],
  ["rw,user_id=0,group_id=0,user_id=4242", false],
  ["rw", false],
  ["", false],
])("%s", (options, isRoots) => {
  expect(isRootsFuse(options)).toBe(isRoots);
});

test("mounts that others answer for are found whatever they are called", () => {
  const mountinfo = String.raw`25 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
36 25 0:30 / /sys/fs/fuse/connections rw shared:17 - fusectl fusectl rw
40 25 8:2 / /mnt/disk rw - fuseblk /dev/sda2 rw,user_id=0,group_id=0,allow_other
41 25 0:70 / /home/u/m rw,nosuid,nodev - fuse me rw,user_id=4242,group_id=4242
42 25 0:71 / /home/u/a\040b rw,nosuid,nodev shared:7 - fuse.lxcfs lxcfs rw,user_id=4242,group_id=4242
43 25 0:72 / /home/u/d rw - fuse.overlay overlay rw,user_id=4242,group_id=4242
44 25 0:73 / /home/u/two rw - fuse me rw,user_id=0,group_id=0,user_id=4242
45 25 0:74 / /home/u/none rw - fuse me rw
837 25 0:179 / /var/lib/lxcfs rw,nosuid,nodev,relatime shared:7 - fuse.lxcfs lxcfs rw,user_id=0,group_id=0,allow_other
`;
  expect(parseOthersFuse(mountinfo)).toEqual([
    { id: 41, point: "/home/u/m", user: 4242 },
    { id: 42, point: "/home/u/a b", user: 4242 },
    { id: 43, point: "/home/u/d", user: 4242 },
    { id: 44, point: "/home/u/two", user: Number.NaN },
    { id: 45, point: "/home/u/none", user: Number.NaN },
  ]);
});

import { expect, test } from "bun:test";
import { parseMountinfo } from "#linux/mountinfo.ts";
import { mountsWithin } from "./mount-table.ts";

const table = String.raw`21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 21 0:20 / /data rw shared:1 - tmpfs tmpfs rw
23 22 0:21 / /data/a\040b rw shared:2 master:1 - overlay overlay rw,lowerdir=/x
24 21 0:22 / /database rw - cgroup2 cgroup2 rw
`;

test.each([
  ["/data", ["/data/a b", "/data"]],
  ["/data/a b", ["/data/a b"]],
  ["/dat", []],
])("within %s, last mounted first", (directory, points) => {
  expect(mountsWithin(parseMountinfo(table), directory).map(({ point }) => point)).toEqual(points);
});

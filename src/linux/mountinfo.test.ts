import { describe, expect, test } from "bun:test";
import { lastMountAt, mayBeOf, mountsAt, parseMountinfo, pointOf } from "./mountinfo.ts";

const table = String.raw`21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 21 0:20 / /data rw shared:1 - tmpfs tmpfs rw
23 22 0:21 / /data/a\040b rw shared:2 master:1 - overlay overlay rw,lowerdir=/x
24 21 0:22 / /database rw - cgroup2 cgroup2 rw
`;

test("mount points are read with their escapes undone, whatever optional fields there are", () => {
  expect(parseMountinfo(table).map(({ point, type }) => ({ point, type }))).toEqual([
    { point: "/", type: "ext4" },
    { point: "/data", type: "tmpfs" },
    { point: "/data/a b", type: "overlay" },
    { point: "/database", type: "cgroup2" },
  ]);
});

test("a line is read whole", () => {
  const line = String.raw`36 35 98:0 /mnt\0111 /mnt2 ro,noatime master:1 propagate_from:2 - ext3 /dev/a\134b rw,errors=continue`;
  expect(parseMountinfo(line)).toEqual([
    {
      id: 36,
      parent: 35,
      device: "98:0",
      root: "/mnt\t1",
      point: "/mnt2",
      mountOptions: "ro,noatime",
      isPropagated: true,
      type: "ext3",
      source: "/dev/a\\b",
      options: "rw,errors=continue",
    },
  ]);
});

test.each([
  ["nothing", ""],
  ["a line of mounts(5)", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0"],
  ["without a type", "21 1 254:0 / / rw,relatime -"],
])("no mount: %s", (_, text) => {
  expect(parseMountinfo(text)).toEqual([]);
});

test.each([
  [String.raw`23 22 0:21 / /data/a\040b rw - overlay overlay rw`, "/data/a b"],
  ["23 22 0:21 / /data", "/data"],
  ["23 22 0:21 /", ""],
  ["", ""],
])("the place alone of %j is %j", (line, point) => {
  expect(pointOf(line)).toBe(point);
});

test("only the lines that are wanted are parsed", () => {
  expect(parseMountinfo(table, mayBeOf("overlay ")).map(({ id }) => id)).toEqual([23]);
  expect(parseMountinfo(table, (line) => pointOf(line) === "/data").map(({ id }) => id)).toEqual([22]);
});

test("all at one place, the topmost last", () => {
  const over = "25 22 0:23 / /data rw - tmpfs tmpfs rw";
  expect(mountsAt(table + over, "/data").map(({ id }) => id)).toEqual([22, 25]);
});

const point = "/var/lib/docker/overlay2/5f0c/merged";
const lineOf = (options: string, { at = point, type = "overlay", optional = "shared:1 " } = {}) =>
  `101 30 0:52 / ${at} rw,relatime ${optional}- ${type} overlay ${options}`;

describe("the topmost mount at a place", () => {
  const good = "rw,lowerdir=/l,upperdir=/u,workdir=/w";
  test.each([
    [
      "with its source and its options",
      lineOf(good),
      { type: "overlay", source: "overlay", options: good, isPropagated: true },
    ],
    ["one that is no one else's", lineOf(good, { optional: "" }), { isPropagated: false }],
    [
      "one that another's unmounting takes away",
      lineOf(good, { optional: "master:7 " }),
      { isPropagated: true },
    ],
    ["one that no bind may show", lineOf(good, { optional: "unbindable " }), { isPropagated: false }],
    [
      "the last of several",
      `${lineOf(good)}\n${lineOf("berth rw,user_id=0", { type: "fuse.berth" })}`,
      { type: "fuse.berth" },
    ],
    ["none", lineOf(good, { at: `${point}/below` }), undefined],
  ])("%s", (_, mountinfo, expected) => {
    const found = lastMountAt(mountinfo, point);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(expected);
  });

  test("at a place with a space", () => {
    expect(lastMountAt(lineOf(good, { at: String.raw`/a\040b` }), "/a b")?.type).toBe("overlay");
  });
});

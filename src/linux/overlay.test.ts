import { describe, expect, test } from "bun:test";
import { type Overlay, otherOverlays, parseOverlay, volatileMark } from "./overlay.ts";

const docker = "/var/lib/docker/overlay2";
const point = `${docker}/5f0c/merged`;
const lineOf = (options: string, { at = point, type = "overlay", optional = "shared:1 " } = {}) =>
  `101 30 0:52 / ${at} rw,relatime ${optional}- ${type} overlay ${options}`;
const none = () => false;
const parse = (options: string, exists: (path: string) => boolean = none) =>
  parseOverlay(lineOf(options), point, exists);
/** Of one that can be mounted again. */
const mountedOf = (options: string) => (parse(options) as Overlay).mounted;

describe("an overlay's layers", () => {
  test.each([
    ["absolute", "rw,lowerdir=/a/l1:/a/l2,upperdir=/a/u,workdir=/a/w", ["/a/l1", "/a/l2"], "/a/u", []],
    [
      "with other options",
      "rw,lowerdir=/l,upperdir=/u,workdir=/w,index=off,xino=off,metacopy=on",
      ["/l"],
      "/u",
      ["xino=off", "metacopy=on"],
    ],
    ["read-only for a while", "ro,lowerdir=/l,upperdir=/u,workdir=/w", ["/l"], "/u", []],
    [
      "each by an option of its own",
      "rw,lowerdir+=/a,lowerdir+=/b:c,upperdir=/u,workdir=/w",
      ["/a", "/b:c"],
      "/u",
      [],
    ],
    [
      "with an escaped colon",
      String.raw`rw,lowerdir=/a\\134:b:/c,upperdir=/u,workdir=/w`.replace("\\\\134", "\\134"),
      ["/a:b", "/c"],
      "/u",
      [],
    ],
    [
      "with an escaped comma",
      String.raw`rw,lowerdir=/a\134,b,upperdir=/u\134,v,workdir=/w`,
      ["/a,b"],
      "/u,v",
      [],
    ],
    [
      "with a space and a backslash",
      String.raw`rw,lowerdir=/a\040b:/c\134\134d,upperdir=/u,workdir=/w`,
      ["/a b", "/c\\d"],
      "/u",
      [],
    ],
    [
      "with SELinux's quoted context",
      'rw,context="system_u:object_r:container_file_t:s0:c1,c2",lowerdir=/l,upperdir=/u,workdir=/w',
      ["/l"],
      "/u",
      ['context="system_u:object_r:container_file_t:s0:c1,c2"'],
    ],
  ] as const)("%s", (_, options, lower, upper, others) => {
    expect(parse(options)).toEqual({
      lower: [...lower],
      upper,
      options: [...others],
      mounted: expect.anything(),
    });
  });

  test("named relative to where the engine keeps them", () => {
    const options = "rw,lowerdir=l/AAA:l/BBB,upperdir=5f0c/diff,workdir=5f0c/work";
    const there = new Set([`${docker}/l/AAA`, `${docker}/l/BBB`, `${docker}/5f0c/diff`]);
    expect(parse(options, (path) => there.has(path))).toEqual({
      lower: [`${docker}/l/AAA`, `${docker}/l/BBB`],
      upper: `${docker}/5f0c/diff`,
      options: [],
      mounted: { source: "overlay", options: options.slice("rw,".length), directory: docker },
    });
    there.delete(`${docker}/l/BBB`);
    expect(parse(options, (path) => there.has(path))).toEqual({ fault: "unknown-layers" });
  });

  test("some relative to a directory above the mount point, some not", () => {
    const options = "rw,lowerdir=l/AAA,upperdir=/elsewhere/diff,workdir=/elsewhere/work";
    expect(parse(options, (path) => path === `${docker}/l/AAA`)).toMatchObject({
      lower: [`${docker}/l/AAA`],
      upper: "/elsewhere/diff",
    });
  });

  test("relative to the snapshots of containerd, in which the upper directory is, too", () => {
    const snapshots = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
    const upper = `${snapshots}/45/fs`;
    const options = `rw,lowerdir=44/fs:43/fs,upperdir=${upper},workdir=${snapshots}/45/work`;
    const at = "/var/lib/docker/rootfs/overlayfs/5f0c";
    const there = [`${snapshots}/44/fs`, `${snapshots}/43/fs`];
    const overlay = parseOverlay(lineOf(options, { at }), at, (path) => there.includes(path));
    expect(overlay).toMatchObject({ lower: there, upper, mounted: { directory: snapshots } });
  });
});

describe("options of the machine's own mount", () => {
  const places = "lowerdir=/l,upperdir=/u,workdir=/w";
  const withIndex = (path: string) => path === "/sys/module/overlay/parameters/index";
  test.each([
    ["no index, which is the upper directory's only one", places, withIndex, ["index=off"]],
    ["in place of the engine's", `${places},index=on,nfs_export=on`, withIndex, ["index=off"]],
    ["not where overlayfs has none", places, none, []],
    ["not volatile, which a second mount is not", `${places},volatile,xino=off`, none, ["xino=off"]],
    ["nor by its newer name", `${places},uuid=on,fsync=volatile`, none, ["uuid=on"]],
  ] as const)("%s", (_, options, exists, expected) => {
    expect(parse(`rw,${options}`, exists)).toMatchObject({ options: [...expected] });
  });
});

test.each([
  ["lowerdir=/l,upperdir=/u,workdir=/a b/w,volatile", "/a b/w/work/incompat/volatile"],
  [String.raw`volatile,workdir=/a\,b/w`, "/a,b/w/work/incompat/volatile"],
  ["lowerdir=/l,upperdir=/u,workdir=/w,uuid=on,fsync=volatile", "/w/work/incompat/volatile"],
  ["lowerdir=/l,upperdir=/u,workdir=/volatile", undefined],
])("what marks a volatile overlay as used: %s", (options, expected) => {
  expect(volatileMark(options)).toBe(expected);
});

describe("no overlay to be mounted anew", () => {
  test.each([
    ["read-only, without an upper directory", "ro,lowerdir=/l1:/l2", "read-only"],
    ["without lower directories", "rw,upperdir=/u,workdir=/w", "read-only"],
    ["with layers of data alone", "rw,lowerdir=/l::/data,upperdir=/u,workdir=/w", "data-layers"],
    [
      "with layers of data alone, each by an option",
      "rw,lowerdir+=/l,datadir+=/data,upperdir=/u,workdir=/w",
      "data-layers",
    ],
    [
      "with a layer that is an open file of the engine's",
      "rw,lowerdir=/proc/self/fd/5:/l,upperdir=/u,workdir=/w",
      "unknown-layers",
    ],
    ["with layers by the numbers of open files", "rw,lowerdir=5:6,upperdir=/u,workdir=/w", "unknown-layers"],
  ])("%s", (_, options, fault) => {
    expect<unknown>(parse(options)).toEqual({ fault });
  });

  const good = "rw,lowerdir=/l,upperdir=/u,workdir=/w";
  test.each([
    ["nothing is mounted there", lineOf(good, { at: "/elsewhere" }), undefined],
    ["it is another file system", lineOf(good, { type: "btrfs" }), "btrfs"],
    [
      "another file system is mounted over it",
      `${lineOf(good)}\n${lineOf("rw", { type: "tmpfs" })}`,
      "tmpfs",
    ],
    ["no mounts at all", "", undefined],
  ])("%s", (_, mountinfo, type) => {
    expect<unknown>(parseOverlay(mountinfo, point, none)).toEqual({ fault: "other-type", type });
  });
});

test("the last mount at the place is the one in sight", () => {
  const mountinfo = [
    lineOf("rw,lowerdir=/old,upperdir=/u1,workdir=/w"),
    lineOf("rw,lowerdir=/new,upperdir=/u2,workdir=/w", { optional: "" }),
  ];
  expect(parseOverlay(mountinfo.join("\n"), point, none)).toMatchObject({ lower: ["/new"], upper: "/u2" });
});

test("a place with a space in its name", () => {
  const spaced = "/var/lib/my docker/merged";
  const mountinfo = lineOf("rw,lowerdir=/l,upperdir=/u,workdir=/w", { at: spaced.replace(" ", "\\040") });
  expect(parseOverlay(mountinfo, spaced, none)).toMatchObject({ upper: "/u" });
});

describe("how it was mounted", () => {
  test.each([
    [
      "each option as it was, but whether it is read-only",
      "rw,lowerdir=/l,upperdir=/u,workdir=/w,index=off",
      "lowerdir=/l,upperdir=/u,workdir=/w,index=off",
    ],
    [
      "escaped as mount(2) takes it",
      String.raw`ro,lowerdir=/a\134:b:/c\040d,upperdir=/u,workdir=/w`,
      String.raw`lowerdir=/a\:b:/c d,upperdir=/u,workdir=/w`,
    ],
    [
      "SELinux's context",
      'rw,context="s0:c1,c2",lowerdir=/l,upperdir=/u,workdir=/w',
      'context="s0:c1,c2",lowerdir=/l,upperdir=/u,workdir=/w',
    ],
  ])("%s", (_, options, expected) => {
    expect(mountedOf(options)).toEqual({ source: "overlay", options: expected, directory: "/" });
  });
});

describe("other overlays, which their owner's unmounting would not take away here", () => {
  const good = "rw,lowerdir=/l,upperdir=/u,workdir=/w";
  test.each<[string, string[], string[]]>([
    [
      "private ones, wherever",
      [lineOf(good, { at: String.raw`/a\040b/rootfs`, optional: "" })],
      ["/a b/rootfs"],
    ],
    [
      "not those that follow another namespace",
      [lineOf(good, { at: "/a/merged", optional: "master:7 " }), lineOf(good, { at: "/b/merged" })],
      [],
    ],
    ["not the machine's own", [lineOf(good, { optional: "" })], []],
    [
      "not the host's own: its root, or an extension of its system",
      ["/", "/usr", "/etc", "/usr/local"].map((at) => lineOf(good, { at, optional: "" })),
      [],
    ],
    [
      "not those below what another user answers for",
      [
        lineOf(good, { at: "/home/u/build/rootfs", optional: "" }),
        lineOf(good, { at: "/home/u2/rootfs", optional: "" }),
        lineOf("rw,user_id=4242,group_id=4242", { at: "/home/u", type: "fuse.x" }),
      ],
      ["/home/u2/rootfs"],
    ],
    ["no other file system", [lineOf("rw", { at: "/a/merged", type: "tmpfs", optional: "" })], []],
  ])("%s", (_, lines, expected) => {
    expect(otherOverlays(lines.join("\n"), point)).toEqual(expected);
  });
});

import { describe, expect, test } from "bun:test";
import { otherOverlays, parseOverlay } from "./overlay.ts";

const docker = "/var/lib/docker/overlay2";
const point = `${docker}/5f0c/merged`;
const lineOf = (options: string, { at = point, type = "overlay", optional = "shared:1 " } = {}) =>
  `101 30 0:52 / ${at} rw,relatime ${optional}- ${type} overlay ${options}`;
const none = () => false;
const parse = (options: string, exists: (path: string) => boolean = none) =>
  parseOverlay(lineOf(options), point, exists);

describe("an overlay's layers", () => {
  test.each([
    ["absolute", "rw,lowerdir=/a/l1:/a/l2,upperdir=/a/u,workdir=/a/w", ["/a/l1", "/a/l2"], "/a/u", []],
    [
      "with other options",
      "rw,lowerdir=/l,upperdir=/u,workdir=/w,index=off,xino=off,metacopy=on",
      ["/l"],
      "/u",
      ["index=off", "xino=off", "metacopy=on"],
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
    expect(parse(options, (path) => there.has(path))).toBeUndefined();
  });

  test("some relative, some not", () => {
    const options = "rw,lowerdir=l/AAA,upperdir=/elsewhere/diff,workdir=/elsewhere/work";
    expect(parse(options, (path) => path === `${docker}/l/AAA`)).toMatchObject({
      lower: [`${docker}/l/AAA`],
      upper: "/elsewhere/diff",
    });
  });
});

describe("no overlay to be mounted anew", () => {
  test.each([
    ["read-only, without an upper directory", "ro,lowerdir=/l1:/l2"],
    ["without lower directories", "rw,upperdir=/u,workdir=/w"],
    ["with layers of data alone", "rw,lowerdir=/l::/data,upperdir=/u,workdir=/w"],
    ["with layers of data alone, each by an option", "rw,lowerdir+=/l,datadir+=/data,upperdir=/u,workdir=/w"],
  ])("%s", (_, options) => {
    expect(parse(options)).toBeUndefined();
  });

  const good = "rw,lowerdir=/l,upperdir=/u,workdir=/w";
  test.each([
    ["nothing is mounted there", lineOf(good, { at: "/elsewhere" })],
    ["it is another file system", lineOf(good, { type: "btrfs" })],
    ["another file system is mounted over it", `${lineOf(good)}\n${lineOf("rw", { type: "tmpfs" })}`],
    ["no mounts at all", ""],
  ])("%s", (_, mountinfo) => {
    expect(parseOverlay(mountinfo, point, none)).toBeUndefined();
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
  expect(parseOverlay(mountinfo, spaced, none)?.upper).toBe("/u");
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
    expect(parse(options)?.mounted).toEqual({ source: "overlay", options: expected, directory: "/" });
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

import { expect, test } from "bun:test";
import {
  foundFault,
  grantsRoot,
  othersReach,
  type PathStep,
  replaceFault,
  swapFault,
} from "./path-access.ts";

type Step = readonly [
  mode: number,
  uid?: number,
  gid?: number,
  kind?: PathStep["kind"],
  hasAccessList?: boolean,
  members?: readonly number[],
];
const way = (...steps: readonly Step[]): readonly PathStep[] =>
  steps.map(([mode, uid = 0, gid = uid, kind = "directory", hasList = false, members = []], index) => {
    return {
      path: `/${index}`,
      kind,
      uid,
      gid,
      mode,
      hasAccessList: () => hasList,
      groupUsers: () => members,
    };
  });
const byList = (path: string) =>
  `an access control list lets others write to ${path} (remove it: setfacl -b)`;
const alice = new Set([0, 1000]);

test.each([
  ["root's and the user's own", way([0o755], [0o755, 1000], [0o644, 1000, 1000, "file"]), undefined],
  ["below /tmp, one's own", way([0o755], [0o1777], [0o700, 1000], [0o644, 1000, 1000, "file"]), undefined],
  ["a file of somebody else's", way([0o1777], [0o644, 65534, 65534, "file"]), "/1 belongs to the user 65534"],
  [
    "a directory of somebody else's",
    way([0o755], [0o755, 1001], [0o644, 1000, 1000, "file"]),
    "/1 belongs to the user 1001",
  ],
  ["a link of somebody else's", way([0o1777], [0o777, 1001, 1001, "link"]), "/1 belongs to the user 1001"],
  ["a link of one's own", way([0o755], [0o777, 1000, 1000, "link"]), undefined],
  ["a directory for everybody without the sticky bit", way([0o755], [0o777]), "any user may write to /1"],
  ["a file for everybody", way([0o755], [0o666, 1000, 1000, "file"]), "any user may write to /1"],
  ["a file in name sticky", way([0o1666, 1000, 1000, "file"]), "any user may write to /0"],
  ["a directory of a group", way([0o775, 1000, 50]), "the group 50 may write to /0"],
  ["a directory of the user's own group", way([0o775, 1000, 1000]), undefined],
  [
    "one in whose group another is",
    way([0o664, 1000, 1000, "file", false, [0, 1000, 33]]),
    "the user 33 is in the group 1000, which may write to /0 (remove that: chmod g-w)",
  ],
  [
    "root's, with one in that group who is not known",
    way([0o775, 0, 0, "directory", false, [Number.NaN]]),
    "another user is in the group 0, which may write to /0 (remove that: chmod g-w)",
  ],
  [
    "one whose group another is in, which may not write",
    way([0o644, 1000, 1000, "file", false, [33]]),
    undefined,
  ],
  [
    "a directory of the user's own group, which they have to themselves",
    way([0o775, 1000, 1000, "directory", false, [1000, 0]]),
    undefined,
  ],
  ["a file of root's, with a list whose mask lets write", way([0o664, 0, 0, "file", true]), byList("/0")],
  [
    "a directory of the user's own group, with such a list",
    way([0o755], [0o775, 1000, 1000, "directory", true]),
    byList("/1"),
  ],
  [
    "a FUSE of another user",
    way([0o755], [0, 1001, 1001, "fuse"]),
    "/1 is a file system of the user 1001's (FUSE)",
  ],
  [
    "a FUSE of one who is not known",
    way([0o755], [0, Number.NaN, Number.NaN, "fuse"]),
    "/1 is a file system of another user's (FUSE)",
  ],
  ["a file with a list that lets read at most", way([0o644, 1000, 1000, "file", true]), undefined],
] as const)("who decides: %s", (_, steps, fault) => {
  expect(replaceFault(steps, alice)).toBe(fault);
});

/** The way through directories of these modes to a file, by a link at its end where that is said. */
function wayTo(modes: Readonly<Record<string, number>>, end: string, kind: PathStep["kind"] = "file") {
  const rest = { uid: 0, gid: 0, hasAccessList: () => false, groupUsers: () => [1001] };
  const directories = Object.entries(modes).map(([path, mode]) => ({
    ...rest,
    path,
    kind: "directory" as const,
    mode,
  }));
  return [...directories, { ...rest, path: end, kind, mode: kind === "link" ? 0o777 : 0o644 }];
}

test.each([
  ["in a directory of root's", wayTo({ "/": 0o755, "/srv": 0o755 }, "/srv/berth.yaml"), undefined],
  [
    "in /tmp",
    wayTo({ "/": 0o755, "/tmp": 0o1777 }, "/tmp/berth.yaml"),
    "other users may move a file of yours into /tmp",
  ],
  [
    "a link in /tmp",
    wayTo({ "/": 0o755, "/tmp": 0o1777 }, "/tmp/berth.yaml", "link"),
    "other users may move a link of yours into /tmp",
  ],
  ["below /tmp", wayTo({ "/": 0o755, "/tmp": 0o1777, "/tmp/own": 0o700 }, "/tmp/own/berth.yaml"), undefined],
  [
    "in a sticky directory of a group's that others are in",
    wayTo({ "/g": 0o1775 }, "/g/berth.yaml"),
    "other users may move a file of yours into /g",
  ],
  [
    "in a sticky directory that nobody else may write to",
    wayTo({ "/": 0o755, "/s": 0o1755 }, "/s/berth.yaml"),
    undefined,
  ],
  [
    "beyond a link in /tmp",
    [
      ...wayTo({ "/": 0o755, "/tmp": 0o1777 }, "/tmp/own", "link"),
      ...wayTo({ "/srv": 0o755 }, "/srv/berth.yaml"),
    ],
    "other users may move a link of yours into /tmp",
  ],
  ["of others", wayTo({ "/": 0o777 }, "/berth.yaml"), "any user may write to /"],
] as const)("who decides over a file that is found %s", (_, steps, fault) => {
  expect(foundFault(steps, new Set([0]))).toBe(fault);
});

test.each([
  ["all root's", way([0o755], [0o755], [0o755]), "there", undefined],
  ["the end is another's, or for everybody", way([0o755], [0o777, 1001]), "there", undefined],
  ["the end is a file for everybody", way([0o755], [0o666, 0, 0, "file"]), "there", undefined],
  [
    "the end is another's in a sticky directory",
    way([0o1777], [0o755, 1001]),
    "there",
    "/1 belongs to the user 1001",
  ],
  [
    "so it is behind a link",
    way([0o1777], [0o777, 0, 0, "link"], [0o755, 1001]),
    "there",
    "/2 belongs to the user 1001",
  ],
  [
    "the end is another's in a sticky directory that nobody else may write to",
    way([0o1755], [0o755, 1001]),
    "there",
    undefined,
  ],
  ["so in one for root's group", way([0o1775], [0o755, 1001]), "there", undefined],
  [
    "so in one for root's group, which another is in",
    way([0o1775, 0, 0, "directory", false, [1001]], [0o755, 1001]),
    "there",
    "/1 belongs to the user 1001",
  ],
  [
    "so in one for another group",
    way([0o1775, 0, 50], [0o755, 1001]),
    "there",
    "/1 belongs to the user 1001",
  ],
  [
    "the end is another's FUSE",
    way([0o755], [0, 1001, 1001, "fuse"]),
    "unseen",
    "/1 is a file system of the user 1001's (FUSE)",
  ],
  [
    "a directory above is another's",
    way([0o755], [0o755, 1001], [0o700]),
    "there",
    "/1 belongs to the user 1001",
  ],
  [
    "a link on the way is another's",
    way([0o1777], [0o777, 1001, 1001, "link"], [0o755], [0o700]),
    "there",
    "/1 belongs to the user 1001",
  ],
  ["to be made in another's", way([0o755], [0o755, 1001]), "missing", "/1 belongs to the user 1001"],
  ["to be made in a sticky directory", way([0o755], [0o1777]), "missing", "any user may write to /1"],
  [
    "to be made there behind a link",
    way([0o1777], [0o777, 0, 0, "link"]),
    "missing",
    "any user may write to /0",
  ],
  ["to be made in root's", way([0o755], [0o755]), "missing", undefined],
] as const)("who can exchange it: %s", (_, steps, end, fault) => {
  expect(
    swapFault(
      { steps, real: steps.filter(({ kind }) => kind === "directory" || kind === "file"), end },
      alice,
    ),
  ).toBe(fault);
});

test.each([
  ["all may walk", way([0o755], [0o755], [0o755]), true],
  ["a directory above is closed", way([0o755], [0o700], [0o755]), false],
  ["the folder itself is closed", way([0o755], [0o755], [0o700]), false],
  ["a group may walk", way([0o755], [0o750, 0, 50], [0o755]), true],
  ["root's group may walk", way([0o755], [0o750, 0, 0], [0o755]), false],
  [
    "root's group may walk, which another is in",
    way([0o755], [0o750, 0, 0, "directory", false, [33]], [0o755]),
    true,
  ],
  [
    "root's group may walk, and whom a list names",
    way([0o755], [0o750, 0, 0, "directory", true], [0o755]),
    true,
  ],
  ["a list whose mask lets nobody walk", way([0o755], [0o740, 0, 0, "directory", true], [0o755]), false],
  ["a home that only its user may walk, who asks", way([0o755], [0o700, 1000], [0o755, 1000]), false],
  ["the same of another user", way([0o755], [0o700, 1001], [0o755, 1001]), true],
  ["readable, but not to be walked", way([0o755], [0o744]), false],
] as const)("who can walk: %s", (_, steps, reach) => {
  expect(othersReach(steps, alice)).toBe(reach);
});

const mountinfo = `22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /srv rw,nosuid,nodev,relatime - ext4 /dev/sdb1 rw
24 22 0:22 / /srv/with\\040space rw - ext4 /dev/sdc1 rw
25 22 0:23 / /half rw,nosuid - ext4 /dev/sdd1 rw
26 22 0:24 / /twice rw,nosuid,nodev - ext4 /dev/sde1 rw
27 26 0:25 / /twice rw - ext4 /dev/sdf1 rw
`;

test.each([
  ["/home/a", true],
  ["/srv", false],
  ["/srv/site/html", false],
  ["/srvices", true],
  ["/srv/with space/a", true],
  ["/half/a", true],
  ["/twice/a", true],
])("set-uid programs and device nodes work at %s: %p", (path, works) => {
  expect(grantsRoot(mountinfo, path)).toBe(works);
});

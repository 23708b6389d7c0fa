import { describe, expect, test } from "bun:test";
import { attributeMeant, attributeSeen, idMeant, idSeen } from "./ids.ts";

const range = { base: 0x7001_0000, count: 65_536 };

test.each([
  ["the machine's root", range.base, 0],
  ["its last", range.base + 65_535, 65_535],
  ["another machine's", range.base + 65_536, 65_534],
  ["one before its first", range.base - 1, 65_534],
  ["the host's root", 0, 65_534],
  ["the last of all", 0xffff_fffe, 65_534],
])("%s is seen as it is in the image, or as nobody's", (_, onHost, seen) => {
  expect(idSeen(range, onHost)).toBe(seen);
});

test.each([
  [0, range.base],
  [65_535, range.base + 65_535],
  [65_536, range.base + 65_534],
  [0xffff_fffe, range.base + 65_534],
  [0xffff_ffff, range.base + 65_534],
])("%d means one of the machine's, or nobody", (named, meant) => {
  expect(idMeant(range, named)).toBe(meant);
});

/** linux/posix_acl_xattr.h: a version, then tag, permissions and id of each entry. */
function accessList(
  ...entries: readonly (readonly [tag: number, permissions: number, id: number])[]
): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * entries.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 2, true);
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    view.setUint16(4 + 8 * index, tag, true);
    view.setUint16(6 + 8 * index, permissions, true);
    view.setUint32(8 + 8 * index, id, true);
  }
  return bytes;
}
const [owner, user, owningGroup, group, mask, other] = [1, 2, 4, 8, 16, 32];
const none = 0xffff_ffff;

describe.each(["system.posix_acl_access", "system.posix_acl_default"])("%s", (name) => {
  const listOf = (first: number, second: number) =>
    accessList(
      [owner, 7, none],
      [user, 5, first],
      [owningGroup, 5, none],
      [group, 4, second],
      [mask, 7, none],
      [other, 0, none],
    );

  test("has the image's ids for the engine, and the host's for the machine", () => {
    const [inImage, onHost] = [listOf(1000, 33), listOf(range.base + 1000, range.base + 33)];
    expect(attributeSeen(range, name, onHost)).toEqual(inImage);
    expect(attributeMeant(range, name, inImage)).toEqual(onHost);
  });

  test("shows others' as nobody's, and may name none that the machine lacks", () => {
    expect(attributeSeen(range, name, listOf(0, 5))).toEqual(listOf(65_534, 65_534));
    expect(attributeMeant(range, name, listOf(0, 65_536))).toBeUndefined();
  });

  test.each([
    ["empty", new Uint8Array()],
    ["shorter than its version", new Uint8Array([2])],
    ["without entries", accessList()],
    ["cut off in an entry", accessList([user, 7, range.base]).subarray(0, 11)],
  ])("%s stays as it is", (_, list) => {
    expect(attributeSeen(range, name, list)).toEqual(list);
    expect(attributeMeant(range, name, list)).toEqual(list);
  });
});

/** linux/capability.h: struct vfs_cap_data, and vfs_ns_cap_data with the namespace's root. */
function capabilities(revision: number, flags: number, ...root: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(20 + 4 * root.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ((revision << 24) | flags) >>> 0, true);
  for (const [index, word] of [0x2000, 0x1, 0x2, 0x3, ...root].entries())
    view.setUint32(4 + 4 * index, word, true);
  return bytes;
}

describe("a file's capabilities", () => {
  const name = "security.capability";

  test.each([0, 1])(
    "(effective %d) are seen without a namespace when they are the machine's",
    (effective) => {
      expect(attributeSeen(range, name, capabilities(3, effective, range.base))).toEqual(
        capabilities(2, effective),
      );
    },
  );

  test.each([0, 1])(
    "(effective %d) hold in the machine's namespace when the engine gives them, never in the host's",
    (effective) => {
      expect(attributeMeant(range, name, capabilities(2, effective))).toEqual(
        capabilities(3, effective, range.base),
      );
      expect(attributeMeant(range, name, capabilities(3, effective, 7))).toEqual(
        capabilities(3, effective, range.base + 7),
      );
      expect(attributeMeant(range, name, capabilities(3, effective, 65_536))).toBeUndefined();
    },
  );

  test("of a namespace inside the machine, and of none of the machine's", () => {
    expect(attributeSeen(range, name, capabilities(3, 1, range.base + 7))).toEqual(capabilities(3, 1, 7));
    expect(attributeSeen(range, name, capabilities(3, 1, 0))).toEqual(capabilities(3, 1, 65_534));
  });

  test("are the same again after both ways", () => {
    for (const given of [capabilities(2, 1), capabilities(3, 0, 12)]) {
      expect(attributeSeen(range, name, attributeMeant(range, name, given) ?? new Uint8Array())).toEqual(
        given,
      );
    }
  });
});

test.each(["user.note", "trusted.overlay.opaque", "security.selinux"])("%s stays as it is", (name) => {
  const bytes = new Uint8Array(24).fill(2);
  expect(attributeSeen(range, name, bytes)).toEqual(bytes);
  expect(attributeMeant(range, name, bytes)).toEqual(bytes);
});

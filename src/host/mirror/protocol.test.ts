import { describe, expect, test } from "bun:test";
import { Reply, Request, replyHeader, Status } from "./protocol.ts";

/** struct statx (statx(2)) of a device file. */
function status(fields: Readonly<Record<number, bigint>>): Status {
  const of = new Status();
  for (const [at, value] of Object.entries(fields)) of.bytes.writeBigUInt64LE(value, Number(at));
  return of;
}
const pair = (low: number, high: number) => BigInt(low) | (BigInt(high) << 32n);

describe("a file's status", () => {
  /** struct fuse_attr (linux/fuse.h). */
  const written = (of: Status) => {
    const out = Buffer.alloc(88);
    of.writeTo(new DataView(out.buffer, out.byteOffset, out.byteLength), 0, (id) => id + 1);
    return out;
  };

  test("has every number in its place, and the owners as they are to be seen", () => {
    const out = written(
      status({
        0: pair(0x7ff, 4096),
        16: pair(3, 100),
        24: pair(200, 0o100644),
        32: 0xffff_ffff_ffff_fff0n,
        40: 5_000_000_000n,
        48: 8n,
        64: -1n & 0xffff_ffff_ffff_ffffn,
        72: 999_999_999n,
        96: 7n,
        104: 8n,
        112: 9n,
        120: 10n,
      }),
    );
    const wide = [0, 8, 16, 24, 32, 40].map((at) => out.readBigInt64LE(at));
    expect(wide).toEqual([-16n, 5_000_000_000n, 8n, -1n, 9n, 7n]);
    const narrow = [48, 52, 56, 60, 64, 68, 72, 80].map((at) => out.readUInt32LE(at));
    expect(narrow).toEqual([999_999_999, 10, 8, 0o100644, 3, 101, 201, 4096]);
  });

  /** new_encode_dev in linux/kdev_t.h. */
  test.each([
    [0, 0, 0],
    [1, 3, 0x103],
    [259, 0, 0x10300],
    [8, 255, 0x8ff],
    [8, 256, 0x0010_0800],
    [0xfff, 0xf_ffff, 0xffff_ffff],
  ])("packs the device %d:%d", (major, minor, packed) => {
    expect(written(status({ 128: pair(major, minor) })).readUInt32LE(76)).toBe(packed);
  });
});

test("a request's names are taken byte for byte, and its numbers from their places", () => {
  const bytes = Buffer.alloc(200);
  const request = new Request(bytes);
  bytes.writeUInt32LE(12, 4);
  bytes.writeBigUInt64LE(0xffff_ffff_ffff_fffen, 8);
  bytes.writeBigUInt64LE(0x1_0000_0002n, 16);
  bytes.writeUInt32LE(33, 24);
  bytes.writeUInt32LE(34, 28);
  bytes.write("\xff\x80name\0second\0", 48, "latin1");
  request.begin(61);
  expect([request.opcode, request.unique, request.node, request.uid, request.gid]).toEqual([
    12,
    0xffff_ffff_ffff_fffen,
    0x1_0000_0002,
    33,
    34,
  ]);
  expect([request.name(8), request.name(15)]).toEqual(["\xff\x80name", "second"]);
  expect(request.rest(15).toString()).toBe("second");
});

describe("a reply", () => {
  test("is as long as it says, and an error has nothing after it", () => {
    const reply = new Reply();
    expect(reply.end(7n, 24)).toBe(40);
    expect([reply.bytes.readUInt32LE(0), reply.bytes.readInt32LE(4), reply.bytes.readBigUInt64LE(8)]).toEqual(
      [40, 0, 7n],
    );
    expect(reply.end(8n, 0, -2)).toBe(16);
    expect([reply.bytes.readUInt32LE(0), reply.bytes.readInt32LE(4), reply.bytes.readBigUInt64LE(8)]).toEqual(
      [16, -2, 8n],
    );
  });

  test("gives a name for half a second, and a file's attributes for a twentieth", () => {
    const reply = new Reply();
    reply.entry(replyHeader, 5, status({}), (id) => id);
    const entry = reply.bytes.subarray(replyHeader);
    expect([entry.readBigUInt64LE(0), entry.readBigUInt64LE(16), entry.readBigUInt64LE(24)]).toEqual([
      5n,
      0n,
      0n,
    ]);
    expect([entry.readUInt32LE(32), entry.readUInt32LE(36)]).toEqual([500_000_000, 50_000_000]);
    reply.attributes(status({}), (id) => id);
    expect([entry.readBigUInt64LE(0), entry.readUInt32LE(8)]).toEqual([0n, 50_000_000]);
  });

  test("wants of a kernel nothing that it does not offer", () => {
    const reply = new Reply();
    reply.init(1 << 13);
    expect(reply.bytes.readUInt32LE(replyHeader + 12)).toBe(1 << 13);
    reply.init(0);
    expect(reply.bytes.readUInt32LE(replyHeader + 12)).toBe(0);
    expect([reply.bytes.readUInt32LE(replyHeader), reply.bytes.readUInt32LE(replyHeader + 4)]).toEqual([
      7, 31,
    ]);
  });
});

/*
 * The part of the kernel's FUSE protocol that a mirror needs (linux/fuse.h, fuse(4)), version 7.31. Numbers
 * have the host's byte order, which is little-endian on every architecture that berth runs on.
 */

export const opcodes = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  lseek: 46,
} as const;

/** The largest piece of a file that goes through at once, in bytes. */
export const largestTransfer = 1 << 20;
/** A request's header, and a reply's. */
export const [requestHeader, replyHeader] = [40, 16];
/** A buffer that takes each request: struct fuse_in_header and fuse_write_in, and what a write brings. */
export const requestSize = largestTransfer + 4096;

/** Bits of `valid` in struct fuse_setattr_in. */
export const setting = {
  mode: 1,
  uid: 2,
  gid: 4,
  size: 8,
  atime: 16,
  mtime: 32,
  handle: 64,
  atimeNow: 128,
  mtimeNow: 256,
} as const;
/** `getattr_flags`: by an open file. */
export const byHandle = 1;

/** Sizes of struct fuse_attr, fuse_entry_out and fuse_open_out. */
const attributeSize = 88;
export const entrySize = 40 + attributeSize;
export const openSize = 16;

/**
 * A request that was read into `bytes`; its parts by their place in the structure that follows the header.
 */
export class Request {
  readonly #view: DataView;
  readonly #bytes: Buffer;
  #length = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Takes what was read for the next request. */
  begin(length: number): void {
    this.#length = length;
  }

  get opcode(): number {
    return this.#view.getUint32(4, true);
  }
  get unique(): bigint {
    return this.#view.getBigUint64(8, true);
  }
  get node(): number {
    return this.#wide(16);
  }
  get uid(): number {
    return this.#view.getUint32(24, true);
  }
  get gid(): number {
    return this.#view.getUint32(28, true);
  }
  /** The thread that asks, in the pid namespace of who has mounted; 0 if it is in none below that. */
  get thread(): number {
    return this.#view.getUint32(32, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(requestHeader + at, true);
  }
  /** A number of 64 bits, read as far as a double is exact. */
  u64(at: number): number {
    return this.#wide(requestHeader + at);
  }
  i64(at: number): bigint {
    return this.#view.getBigInt64(requestHeader + at, true);
  }
  /** The bytes from a place on. */
  rest(at: number): Buffer {
    return this.#bytes.subarray(requestHeader + at, this.#length);
  }
  /** A name that ends with a zero byte, byte for byte. */
  name(at: number): string {
    const from = requestHeader + at;
    return this.#bytes.toString("latin1", from, this.#bytes.indexOf(0, from));
  }

  #wide(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }
}

const typeBits = 0o170000;

/** What statx(2) answered with, in a buffer of 256 bytes. */
export class Status {
  readonly bytes = Buffer.alloc(256);
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, 256);

  get mode(): number {
    return this.#view.getUint16(28, true);
  }
  /** S_IFMT of the mode. */
  get type(): number {
    return this.mode & typeBits;
  }
  /** With overlayfs's own bits at its top, so that no double holds it (overlayfs.rst, xino). */
  get inode(): bigint {
    return this.#view.getBigUint64(32, true);
  }

  /** Writes struct fuse_attr with the owners as they are to be seen. */
  writeTo(out: DataView, at: number, idSeen: (id: number) => number): void {
    const from = this.#view;
    out.setBigUint64(at, from.getBigUint64(32, true), true); // ino
    out.setBigUint64(at + 8, from.getBigUint64(40, true), true); // size
    out.setBigUint64(at + 16, from.getBigUint64(48, true), true); // blocks
    for (const [index, time] of [64, 112, 96].entries()) {
      out.setBigInt64(at + 24 + 8 * index, from.getBigInt64(time, true), true); // atime, mtime, ctime
      out.setUint32(at + 48 + 4 * index, from.getUint32(time + 8, true), true); // and their nanoseconds
    }
    out.setUint32(at + 60, this.mode, true);
    out.setUint32(at + 64, from.getUint32(16, true), true); // nlink
    out.setUint32(at + 68, idSeen(from.getUint32(20, true)), true);
    out.setUint32(at + 72, idSeen(from.getUint32(24, true)), true);
    out.setUint32(at + 76, deviceNumber(from.getUint32(128, true), from.getUint32(132, true)), true);
    out.setUint32(at + 80, from.getUint32(4, true), true); // blksize
    out.setUint32(at + 84, 0, true);
  }
}

/** A device's number as the kernel packs it into 32 bits (new_encode_dev in linux/kdev_t.h). */
function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/**
 * How long the kernel may cache a name, and the attributes of its file. Long enough for one access of the
 * engine's: the size limits what it reads, the type decides how. `HeldFiles` keeps the file for longer than
 * that.
 */
const nameNanoseconds = 500_000_000;
const attributesNanoseconds = 50_000_000;

/** Replies, written into one buffer. */
export class Reply {
  readonly bytes = Buffer.alloc(replyHeader + largestTransfer + 4096);
  readonly view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);

  /**
   * Writes the header of a reply with this many bytes after it, or with a negated errno. Returns the reply's
   * length.
   */
  end(unique: bigint, length: number, error = 0): number {
    this.view.setUint32(0, replyHeader + length, true);
    this.view.setInt32(4, error, true);
    this.view.setBigUint64(8, unique, true);
    return replyHeader + length;
  }

  /** struct fuse_entry_out at a place in the whole buffer. */
  entry(at: number, node: number, status: Status, idSeen: (id: number) => number): void {
    this.view.setBigUint64(at, BigInt(node), true);
    this.bytes.fill(0, at + 8, at + 32);
    this.view.setUint32(at + 32, nameNanoseconds, true);
    this.view.setUint32(at + 36, attributesNanoseconds, true);
    status.writeTo(this.view, at + 40, idSeen);
  }

  /** struct fuse_attr_out. */
  attributes(status: Status, idSeen: (id: number) => number): number {
    this.bytes.fill(0, replyHeader, replyHeader + 16);
    this.view.setUint32(replyHeader + 8, attributesNanoseconds, true);
    status.writeTo(this.view, replyHeader + 16, idSeen);
    return 16 + attributeSize;
  }

  /** struct fuse_open_out at a place in the whole buffer. */
  opened(at: number, handle: number): void {
    this.bytes.fill(0, at, at + openSize);
    this.view.setUint32(at, handle, true);
  }

  /** struct fuse_init_out, for a kernel that offers these flags. */
  init(offered: number): number {
    const wanted =
      initFlags.asyncRead |
      initFlags.bigWrites |
      initFlags.readdirplus |
      initFlags.parallelDirectories |
      initFlags.maxPages;
    this.bytes.fill(0, replyHeader, replyHeader + 64);
    const numbers = [
      7,
      31,
      largestTransfer,
      (offered & wanted) >>> 0,
      16 | (12 << 16),
      largestTransfer,
      1,
      largestTransfer / 4096,
    ];
    for (const [index, number] of numbers.entries())
      this.view.setUint32(replyHeader + 4 * index, number >>> 0, true);
    return 64;
  }
}

const initFlags = {
  asyncRead: 1 << 0,
  bigWrites: 1 << 5,
  readdirplus: 1 << 13,
  parallelDirectories: 1 << 18,
  maxPages: 1 << 22,
} as const;

import { constants } from "node:fs";
import {
  addressOf,
  answered,
  calls,
  EAGAIN,
  ELOOP,
  ENODEV,
  ENOENT,
  ENOTDIR,
  ESTALE,
  mknodNumber,
  openat2Number,
} from "#host/syscall/mirror-calls.ts";
import { pathOnly } from "#host/syscall/path-only.ts";
import type { IdRange } from "#linux/id-range.ts";
import { HeldFiles } from "./held.ts";
import { idMeant, idSeen } from "./ids.ts";
import { isSame, type Node, Nodes, rootId } from "./nodes.ts";
import { pathOf, text } from "./path-text.ts";
import { Status } from "./protocol.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, S_IFDIR, S_IFREG } = constants;
const closeOnExec = 0x80000;
const [emptyPath, removeDirectory] = [0x1000, 0x200];
/** openat2(2): paths must stay below their directory, without links and other mounts. */
const [noOtherMount, noMagicLinks, noSymlinks, beneath] = [1n, 2n, 4n, 8n];
/** type and permissions, links, owners, times, inode, size: STATX_BASIC_STATS. */
const basicStatus = 0x7ff;

/** The path does not resolve any more: a part of it is gone, or not a directory (nor is a link). */
const elsewhere: readonly number[] = [ENOENT, ENOTDIR, ELOOP];

/** Total milliseconds to wait for leases; after that, opening a file with a lease fails (EAGAIN). */
const longestLeases = 30_000;

const zero = Buffer.alloc(1);

/**
 * A machine's files, as the engine names them: below one mount, by paths without links. Acts as the host's
 * root with the machine's own ids, so new files belong to the same users as in the machine. Numbers below 0
 * are negated errnos.
 */
export class Tree {
  readonly nodes: Nodes;
  readonly status = new Status();
  readonly root: number;
  readonly held = new HeldFiles();
  readonly #range: IdRange;
  readonly #changedBack: () => void;
  #leasesMs: number;
  readonly #how = new BigUint64Array([0n, 0n, noOtherMount | noMagicLinks | noSymlinks | beneath]);

  /**
   * `root` is a descriptor of the mount's root directory; node numbers start at `first`. Calls `changedBack`
   * after acting as another user, which clears settings like the parent death signal (prctl(2)).
   */
  constructor(
    root: number,
    range: IdRange,
    first: number,
    changedBack: () => void = () => {},
    leasesMs = longestLeases,
  ) {
    this.#leasesMs = leasesMs;
    this.root = root;
    this.#range = range;
    this.#changedBack = changedBack;
    this.look(root);
    this.nodes = new Nodes(this.status, first);
  }

  readonly seen = (id: number): number => idSeen(this.#range, id);

  /** What is to be known of an open file, in `status`. */
  look(file: number): number {
    return answered(calls.statx(file, zero, emptyPath, basicStatus, this.status.bytes));
  }

  /**
   * The node of a name in an open directory, with one more reference of the kernel, and its attributes in
   * `status`; a negated errno if it does not exist. Does not follow a link.
   */
  find(parent: Node, directory: number, name: string): Node | number {
    const file = answered(calls.openat(directory, text(name), pathOnly | O_NOFOLLOW | closeOnExec, 0));
    const looked = file < 0 ? file : this.look(file);
    if (looked < 0) {
      if (file >= 0) calls.close(file);
      return looked;
    }
    const node = this.nodes.found(parent, name, this.status);
    this.held.keep(node, file);
    return node;
  }

  /** A descriptor of what is at a path, to be closed. */
  place(path: string, flags = 0): number {
    this.#how[0] = BigInt(pathOnly | O_NOFOLLOW | closeOnExec | flags);
    return answered(
      calls.syscall(
        openat2Number,
        this.root,
        addressOf(text(path)),
        addressOf(this.#how),
        this.#how.byteLength,
        0,
      ),
    );
  }

  /**
   * Acts on a node that is a directory: the one at its path now, else the one that the engine has open.
   * ESTALE makes the kernel look the path up again.
   */
  inDirectory(node: Node, work: (directory: number) => number): number {
    const path = this.nodes.path(node);
    const directory = path === undefined ? -ESTALE : this.place(path, O_DIRECTORY);
    if (directory >= 0) {
      const result = work(directory);
      calls.close(directory);
      return result;
    }
    for (const open of node.open) return work(open);
    return elsewhere.includes(-directory) ? -ESTALE : directory;
  }

  /**
   * Acts on a node's file, with its attributes in `status`: the one at its path, else the one that the engine
   * has open. ESTALE makes the kernel look the name up again.
   */
  withFile(node: Node, work: (file: number) => number): number {
    const path = this.nodes.path(node);
    const file = path === undefined ? -ESTALE : this.place(path);
    if (file >= 0) {
      if (this.look(file) === 0 && (isSame(this.status, node.file) || node.id === rootId)) {
        const result = work(file);
        this.held.keep(node, file);
        return result;
      }
      calls.close(file);
    }
    for (const open of node.open) return this.look(open) < 0 ? -ESTALE : work(open);
    return -ESTALE;
  }

  /**
   * The same, but prefers the file that the engine has seen if the machine has replaced it since. Otherwise a
   * file that is replaced all the time could never be opened.
   */
  withSeen(node: Node, work: (file: number) => number): number {
    const result = this.withFile(node, work);
    const seen = result === -ESTALE ? this.held.of(node) : undefined;
    return seen === undefined || this.look(seen) < 0 ? result : work(seen);
  }

  /** Opens a regular file, or a directory, that a node is, for `flags` of open(2). */
  open(node: Node, flags: number): number {
    return this.withSeen(node, (file) => this.reopen(file, flags));
  }

  /**
   * Reopens the file of a descriptor, with its attributes in `status`. Only files and directories, since a
   * pipe would block. Waits for a lease (fcntl(2), F_SETLEASE), since the machine could take another before a
   * retry, but with one total limit: a machine that never yields may have thousands.
   */
  reopen(file: number, flags: number): number {
    const { type } = this.status;
    if (type !== S_IFREG && type !== S_IFDIR) return -ENODEV;
    const kept = flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW);
    const opened = answered(calls.open(pathOf(file), kept | closeOnExec | O_NONBLOCK, 0));
    if (opened !== -EAGAIN || this.#leasesMs <= 0) return opened;
    const begin = performance.now();
    const waited = answered(calls.open(pathOf(file), kept | closeOnExec, 0));
    this.#leasesMs -= performance.now() - begin;
    return waited;
  }

  /** Makes something in a directory as the machine's user that the engine's user is: `make` is the call. */
  create(node: Node, uid: number, gid: number, make: (directory: number) => number): number {
    return this.inDirectory(node, (directory) => {
      calls.setfsgid(idMeant(this.#range, gid));
      calls.setfsuid(idMeant(this.#range, uid));
      const result = make(directory);
      calls.setfsuid(0);
      calls.setfsgid(0);
      this.#changedBack();
      return result;
    });
  }

  makeFile(directory: number, name: string, flags: number, mode: number): number {
    return answered(
      calls.openat(directory, text(name), flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK | closeOnExec, mode),
    );
  }

  makeNode(directory: number, name: string, mode: number, device: number): number {
    return answered(calls.syscall(mknodNumber, directory, addressOf(text(name)), mode, device, 0));
  }

  makeDirectory(directory: number, name: string, mode: number): number {
    return answered(calls.mkdirat(directory, text(name), mode));
  }

  makeLink(directory: number, name: string, target: string): number {
    return answered(calls.symlinkat(text(target, 1), directory, text(name)));
  }

  /** A further name for a file. */
  link(file: number, directory: number, name: string): number {
    return answered(calls.linkat(file, zero, directory, text(name), emptyPath));
  }

  remove(directory: number, name: string, isDirectory: boolean): number {
    return answered(calls.unlinkat(directory, text(name), isDirectory ? removeDirectory : 0));
  }

  rename(from: number, oldName: string, to: number, newName: string, flags: number): number {
    return answered(calls.renameat2(from, text(oldName), to, text(newName, 1), flags));
  }

  /** Undefined ids stay as they are. */
  own(file: number, uid: number | undefined, gid: number | undefined): number {
    const meant = (id: number | undefined) => (id === undefined ? 0xffff_ffff : idMeant(this.#range, id));
    return answered(calls.fchownat(file, zero, meant(uid), meant(gid), emptyPath));
  }

  readDirectory(file: number, into: Buffer): number {
    return answered(calls.getdents64(file, into, into.length));
  }

  /** A directory to be read: a descriptor. */
  openDirectory(node: Node): number {
    return this.open(node, O_RDONLY | O_DIRECTORY);
  }
}

/** Which file it is: another one may have its inode number once it has gone, and then be of another type. */
export interface FileIdentity {
  readonly inode: bigint;
  /** S_IFMT of its mode: the kernel takes a node that changes its type for broken (EIO). */
  readonly type: number;
}

/**
 * What the kernel knows by a number until it forgets it: a name in a directory, and which file was found
 * there.
 */
export interface Node {
  readonly id: number;
  parent: Node | undefined;
  /** Byte for byte, one character each (latin1). */
  name: string;
  /** Where another is found at the name, that is another node. */
  readonly file: FileIdentity;
  /** How often the kernel was given it. */
  lookups: number;
  /** Open descriptors of the engine; they keep the file alive without a name. */
  readonly open: Set<number>;
}

export const rootId = 1;

/**
 * The names that the kernel knows of a mirror's tree. Looks up a node by its path each time, so the machine's
 * current file is found. The kernel reports what it forgets, so the table is as large as the kernel's own.
 */
export class Nodes {
  readonly #byId = new Map<number, Node>();
  readonly #byName = new Map<string, Node>();
  #last: number;
  /** How many descriptors the engine has. */
  opened = 0;

  constructor(root: FileIdentity, first: number) {
    this.#last = first - 1;
    this.#byId.set(rootId, {
      id: rootId,
      parent: undefined,
      name: "",
      file: identityOf(root),
      lookups: 1,
      open: new Set(),
    });
  }

  get(id: number): Node | undefined {
    return this.#byId.get(id);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The node of a file that was found under a name, given to the kernel once more. */
  found(parent: Node, name: string, file: FileIdentity): Node {
    const key = keyOf(parent, name);
    const known = this.#byName.get(key);
    if (known !== undefined && isSame(known.file, file)) {
      known.lookups += 1;
      return known;
    }
    if (known !== undefined) this.#unname(known);
    this.#last += 1;
    const node: Node = { id: this.#last, parent, name, file: identityOf(file), lookups: 1, open: new Set() };
    this.#byId.set(node.id, node);
    this.#byName.set(key, node);
    return node;
  }

  /** The engine has opened a descriptor of a node. */
  open(node: Node, file: number): void {
    node.open.add(file);
    this.opened += 1;
  }

  /** It has closed one. */
  close(node: Node, file: number): void {
    if (node.open.delete(file)) this.opened -= 1;
  }

  /** The name does not exist any more. */
  gone(parent: Node, name: string): void {
    const known = this.#byName.get(keyOf(parent, name));
    if (known !== undefined) this.#unname(known);
  }

  /** A name has become another; with `exchange` either has become the other (renameat2(2)). */
  renamed(from: Node, oldName: string, to: Node, newName: string, exchange: boolean): void {
    const moved = this.#byName.get(keyOf(from, oldName));
    const replaced = this.#byName.get(keyOf(to, newName));
    if (moved !== undefined) this.#unname(moved);
    if (replaced !== undefined) this.#unname(replaced);
    if (moved !== undefined) this.#name(moved, to, newName);
    if (exchange && replaced !== undefined) this.#name(replaced, from, oldName);
  }

  /** The kernel has forgotten this many references to a node. */
  forget(id: number, lookups: number): void {
    const node = this.#byId.get(id);
    if (node === undefined || id === rootId) return;
    node.lookups -= lookups;
    if (node.lookups > 0) return;
    this.#byId.delete(id);
    if (node.parent !== undefined && this.#byName.get(keyOf(node.parent, node.name)) === node)
      this.#byName.delete(keyOf(node.parent, node.name));
  }

  /** The path from the root, "." for the root itself; undefined if the node has no name any more. */
  path(node: Node): string | undefined {
    if (node.id === rootId) return ".";
    let path = node.name;
    for (let at = node.parent; at?.id !== rootId; at = at.parent) {
      if (at === undefined) return undefined;
      path = `${at.name}/${path}`;
    }
    return path;
  }

  #unname(node: Node): void {
    if (node.parent === undefined) return;
    this.#byName.delete(keyOf(node.parent, node.name));
    node.parent = undefined;
  }

  #name(node: Node, parent: Node, name: string): void {
    node.parent = parent;
    node.name = name;
    this.#byName.set(keyOf(parent, name), node);
  }
}

export const isSame = (one: FileIdentity, other: FileIdentity) =>
  one.inode === other.inode && one.type === other.type;

/** A copy of its own: what was looked at is overwritten by the next look. */
const identityOf = ({ inode, type }: FileIdentity): FileIdentity => ({ inode, type });

const keyOf = (parent: Node, name: string) => `${parent.id}/${name}`;

import { beforeEach, describe, expect, test } from "bun:test";
import { type FileIdentity, type Node, Nodes, rootId } from "./nodes.ts";

const regular = (inode: bigint): FileIdentity => ({ inode, type: 0o100000 });
const directory = (inode: bigint): FileIdentity => ({ inode, type: 0o040000 });

let nodes: Nodes;
let root: Node;
beforeEach(() => {
  nodes = new Nodes(directory(1n), 2);
  root = nodes.get(rootId) as Node;
});

/** Finds each part of a path as a directory or file whose inode number is its place in it. */
function found(path: string, first = 10n): Node {
  return path
    .split("/")
    .reduce((parent, name, index) => nodes.found(parent, name, directory(first + BigInt(index))), root);
}

test("the root is there before all, and is never forgotten", () => {
  expect(nodes.path(root)).toBe(".");
  nodes.forget(rootId, 1000);
  expect(nodes.get(rootId)).toBe(root);
});

describe("a file found under a name", () => {
  test("has one node as long as it is the same file", () => {
    const first = found("etc/hosts");
    expect(found("etc/hosts")).toBe(first);
    expect(nodes.path(first)).toBe("etc/hosts");
    expect(first.lookups).toBe(2);
    expect(nodes.size).toBe(3);
  });

  test("is another node once another file is there, and the first has no path any more", () => {
    const first = found("etc/hosts");
    const second = nodes.found(first.parent as Node, "hosts", regular(99n));
    expect(second.id).not.toBe(first.id);
    expect([nodes.path(first), nodes.path(second)]).toEqual([undefined, "etc/hosts"]);
    expect(nodes.get(first.id)).toBe(first);
  });

  test("is another node also where a file of another type has its inode number", () => {
    const [first, second] = [
      nodes.found(root, "name", regular(5n)),
      nodes.found(root, "name", directory(5n)),
    ];
    expect([nodes.path(first), nodes.path(second)]).toEqual([undefined, "name"]);
  });

  test("of two names is two nodes", () => {
    const [one, two] = [nodes.found(root, "one", regular(7n)), nodes.found(root, "two", regular(7n))];
    expect(one.id).not.toBe(two.id);
    nodes.gone(root, "one");
    expect([nodes.path(one), nodes.path(two)]).toEqual([undefined, "two"]);
  });

  test("below a directory that has gone has no path", () => {
    const file = found("srv/site/page");
    nodes.gone(root, "srv");
    expect(nodes.path(file)).toBeUndefined();
    expect(nodes.path(file.parent as Node)).toBeUndefined();
  });

  test("is never given a number that was another's", () => {
    const first = nodes.found(root, "a", regular(5n));
    nodes.forget(first.id, 1);
    expect(nodes.found(root, "a", regular(5n)).id).toBeGreaterThan(first.id);
  });
});

describe("forgetting", () => {
  test("takes as many as were given", () => {
    const file = nodes.found(root, "file", regular(5n));
    nodes.found(root, "file", regular(5n));
    nodes.forget(file.id, 1);
    expect(nodes.get(file.id)).toBe(file);
    nodes.forget(file.id, 1);
    expect(nodes.get(file.id)).toBeUndefined();
    expect(nodes.size).toBe(1);
  });

  test("of what has lost its name leaves the name to who has it now", () => {
    const old = nodes.found(root, "file", regular(5n));
    const now = nodes.found(root, "file", regular(6n));
    nodes.forget(old.id, 1);
    expect(nodes.found(root, "file", regular(6n))).toBe(now);
  });

  test("of a number that nobody has is none", () => {
    nodes.forget(4711, 1);
    expect(nodes.size).toBe(1);
  });
});

describe("renaming", () => {
  test("moves a directory with all that is known below it", () => {
    const page = found("srv/site/page");
    const other = nodes.found(root, "home", directory(40n));
    nodes.renamed(root, "srv", other, "web", false);
    expect(nodes.path(page)).toBe("home/web/site/page");
  });

  test("over another file ends the other's name", () => {
    const [from, to] = [nodes.found(root, "from", regular(5n)), nodes.found(root, "to", regular(6n))];
    nodes.renamed(root, "from", root, "to", false);
    expect([nodes.path(from), nodes.path(to)]).toEqual(["to", undefined]);
    expect(nodes.found(root, "to", regular(5n))).toBe(from);
  });

  test("two for each other", () => {
    const [one, two] = [found("a/one"), found("b/two", 20n)];
    nodes.renamed(one.parent as Node, "one", two.parent as Node, "two", true);
    expect([nodes.path(one), nodes.path(two)]).toEqual(["b/two", "a/one"]);
  });

  test("what the kernel was never given is none of ours, but the place is taken", () => {
    const to = nodes.found(root, "to", regular(6n));
    nodes.renamed(root, "unknown", root, "to", false);
    expect(nodes.path(to)).toBeUndefined();
    expect(nodes.size).toBe(2);
  });
});

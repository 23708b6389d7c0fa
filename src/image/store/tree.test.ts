import { expect, test } from "bun:test";
import { extract } from "tar-stream";
import { mergedPath, packTree, type TreeNode } from "./tree.ts";

const file = (text: string, mode = 0o644): TreeNode => ({ kind: "file", mode, content: Buffer.from(text) });
const nodes: readonly (readonly [string, TreeNode])[] = [
  ["/usr/sbin/nft", file("nft", 0o755)],
  ["/tmp", { kind: "directory", mode: 0o1777 }],
  ["/sbin", { kind: "link", target: "usr/sbin" }],
  ["/berth", file("berth", 0o755)],
  ["/usr/sbin-x", file("")],
];

async function bytesOf(entries: typeof nodes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packTree(new Map(entries))) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

test("every directory comes before what is in it; owner and time are fixed", async () => {
  const parser = extract();
  parser.end(await bytesOf(nodes));
  const seen: unknown[] = [];
  for await (const entry of parser) {
    const { name, type, mode, uid, gid, mtime, linkname } = entry.header;
    expect([uid, gid, mtime?.getTime()]).toEqual([0, 0, 0]);
    let text = "";
    for await (const chunk of entry) text += Buffer.from(chunk as Uint8Array).toString();
    seen.push([name.replace(/\/$/, ""), type, mode, linkname ?? text]);
  }
  expect(seen).toEqual([
    ["berth", "file", 0o755, "berth"],
    ["sbin", "symlink", 0o777, "usr/sbin"],
    ["tmp", "directory", 0o1777, ""],
    ["usr", "directory", 0o755, ""],
    ["usr/sbin", "directory", 0o755, ""],
    ["usr/sbin-x", "file", 0o644, ""],
    ["usr/sbin/nft", "file", 0o755, "nft"],
  ]);
});

test("the order in which a tree was made leaves no trace", async () => {
  expect(await bytesOf(nodes.toReversed())).toEqual(await bytesOf(nodes));
});

test.each([
  ["/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"],
  ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"],
  ["/usr/lib/libc.so.6", "/usr/lib/libc.so.6"],
  ["/library/x", "/library/x"],
])("%s is %s in a merged /usr", (path, place) => {
  expect(mergedPath(path)).toBe(place);
});

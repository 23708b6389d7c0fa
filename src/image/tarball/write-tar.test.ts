import { expect, test } from "bun:test";
import { extract } from "tar-stream";
import { endOfTar, type NewMember, packMember, renderMember } from "./write-tar.ts";

/** By another's reader. */
async function readBack(...parts: readonly Uint8Array[]) {
  const parser = extract();
  parser.end(Buffer.concat([...parts, endOfTar]));
  const members = [];
  for await (const entry of parser) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    members.push({ ...entry.header, text: Buffer.concat(chunks).toString() });
  }
  return members;
}

test.each<[string, NewMember]>([
  ["a short name", { name: "etc/machine-id" }],
  ["a name of 100 bytes", { name: "n".repeat(100) }],
  ["a name in two fields", { name: `${"d/".repeat(70)}${"n".repeat(100)}` }],
  ["a name that fits nowhere", { name: "n".repeat(101) }],
  ["a name beyond ASCII", { name: "ä" }],
  ["a directory", { name: "tmp", type: "directory", mode: 0o1777 }],
  ["a link", { name: "sbin", type: "symlink", linkname: "usr/sbin", mode: 0o777 }],
  ["a link whose target fits nowhere", { name: "l", type: "symlink", linkname: "t".repeat(300) }],
])("%s", async (_name, member) => {
  const { type = "file", linkname = null, mode = type === "directory" ? 0o755 : 0o644 } = member;
  const common = { uid: 0, gid: 0, mtime: new Date(0) };
  expect(await readBack(renderMember(member))).toMatchObject([
    { ...common, name: member.name, type, linkname, mode, size: 0 },
  ]);
});

test("contents, and a time", async () => {
  const texts = ["", "x", "y".repeat(512), "z".repeat(1000)];
  const members = texts.map((text, at) => [...packMember({ name: `${at}`, mtime: 7 }, Buffer.from(text))]);
  expect(await readBack(...members.flat())).toMatchObject(
    texts.map((text, at) => ({ name: `${at}`, text, mtime: new Date(7000) })),
  );
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "#host/process/run.ts";
import { readTar, type TarReader } from "./read-tar.ts";
import { TarError } from "./tar-error.ts";
import { endOfTar, packMember, padding, renderMember } from "./write-tar.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-read-tar-"));
const root = join(folder, "root");
const long = { name: "n".repeat(150), link: "t".repeat(150), path: `${"directory/".repeat(20)}file` };

beforeAll(async () => {
  mkdirSync(root);
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  put("file", "text");
  put("ä-umlaut", "ä");
  put(long.name, "long");
  put(long.path, "deep");
  symlinkSync(long.link, join(root, "link"));
  put("old", "");
  utimesSync(join(root, "old"), -1e9, -1e9);
  await run("ln", [join(root, "file"), join(root, "hard")]);
  await run("mkfifo", [join(root, "fifo")]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** In chunks of that many bytes. */
async function read(tar: Buffer, chunk = 1000, reader: Partial<TarReader> = {}) {
  async function* chunks() {
    for (let at = 0; at < tar.length; at += chunk) yield tar.subarray(at, at + chunk);
  }
  const members = readTar(chunks(), { wanted: () => 4, ...reader });
  return await Array.fromAsync(members, ({ member, content }) => ({ ...member, text: content.toString() }));
}

describe("tar(1) writes", () => {
  const packed = async (...flags: readonly string[]) => {
    const names = ["file", "ä-umlaut", long.name, long.path, "link", "old", "hard", "fifo"];
    await run("tar", ["-C", root, ...flags, "-cf", join(folder, "root.tar"), ...names]);
    return readFileSync(join(folder, "root.tar"));
  };
  test.each([["gnu"], ["oldgnu"], ["pax"]])("%s", async (format) => {
    for (const chunk of [1, 511, 512, 100_000]) {
      const read_ = await read(await packed(`--format=${format}`), chunk);
      expect(
        read_.map(({ name, type, size, text, linkname }) => [name, type, size, text || linkname]),
      ).toEqual([
        ["file", "file", 4, "text"],
        ["ä-umlaut", "file", 2, "ä"],
        [long.name, "file", 4, "long"],
        [long.path, "file", 4, "deep"],
        ["link", "symlink", 0, long.link],
        ["old", "file", 0, ""],
        ["hard", "link", 0, "file"],
        ["fifo", "other", 0, ""],
      ]);
    }
  });
  test("ustar, with a name in two fields", async () => {
    await run("tar", ["-C", root, "--format=ustar", "-cf", join(folder, "ustar.tar"), "directory"]);
    const names = (await read(readFileSync(join(folder, "ustar.tar")))).map(({ name }) => name);
    expect(names.at(-1)).toBe(long.path);
  });
  test("sparse files with data in many places", async () => {
    const sparse = openSync(join(root, "sparse"), "w");
    for (let at = 0; at < 50; at += 1) writeSync(sparse, "data", at * 100_000);
    closeSync(sparse);
    await run("tar", ["-C", root, "--sparse", "-cf", join(folder, "sparse.tar"), "sparse", "file"]);
    expect(await read(readFileSync(join(folder, "sparse.tar")))).toMatchObject([
      { name: "sparse", type: "file", text: "data" },
      { name: "file", type: "file", text: "text" },
    ]);
  });
  test("directories", async () => {
    await run("tar", ["-C", root, "-cf", join(folder, "directory.tar"), "--no-recursion", "directory"]);
    expect(await read(readFileSync(join(folder, "directory.tar")))).toMatchObject([
      { name: "directory/", type: "directory", size: 0 },
    ]);
  });
});

const file = (name: string, text: string) => Buffer.concat([...packMember({ name }, Buffer.from(text))]);
/** A member of another kind. */
function ofKind(typeflag: string, text: string, name = "x"): Buffer {
  const member = file(name, text);
  member.write(typeflag, 156);
  return summed(member);
}
function summed(member: Buffer): Buffer {
  member.fill(" ", 148, 156);
  const sum = member.subarray(0, 512).reduce((total, byte) => total + byte);
  member.write(`${sum.toString(8).padStart(6, "0")}\0`, 148);
  return member;
}

describe("extensions", () => {
  const rest = [file("next", "text"), endOfTar];

  test("a global header says nothing of any member, and its length is told before it is read", async () => {
    const told: number[] = [];
    const tar = Buffer.concat([ofKind("g", "20 path=/of/everyone\n"), ...rest]);
    expect(await read(tar, 1000, { onGlobal: (bytes) => told.push(bytes) })).toMatchObject([
      { name: "next" },
    ]);
    expect(told).toEqual([21]);
    const refuse = () => {
      throw new RangeError("too long");
    };
    await expect(read(tar, 1000, { onGlobal: refuse })).rejects.toThrow(new RangeError("too long"));
  });

  test("records count for one member alone; a path there comes before GNU's long name", async () => {
    const tar = [ofKind("L", "gnu\0"), ofKind("x", "12 path=pax\n11 k=v=w=x\n"), file("a", ""), ...rest];
    const [first, second] = await read(Buffer.concat(tar));
    expect([first?.name, [...(first?.records ?? [])]]).toEqual([
      "pax",
      [
        ["path", "pax"],
        ["k", "v=w=x"],
      ],
    ]);
    expect([second?.name, second?.records.size]).toEqual(["next", 0]);
  });

  test("more than 4 MiB of them are refused before they are kept", async () => {
    const tar = Buffer.concat([ofKind("x", "x".repeat(4 * 2 ** 20 + 1)), ...rest]);
    await expect(read(tar)).rejects.toThrow(new TarError("a header has 4194305 bytes"));
  });
});

test("what is wanted is asked before it is read, and the rest passes by", async () => {
  const tar = Buffer.concat([file("a", "x".repeat(10_000)), file("b", "yyy"), endOfTar]);
  const wanted = ({ name }: { name: string }) => (name === "a" ? 3000 : 2);
  expect((await read(tar, 700, { wanted })).map(({ text }) => text)).toEqual(["x".repeat(3000), "yy"]);
});

test("sizes beyond 8 GiB", async () => {
  const size = 20_000_000_001;
  const asked: number[] = [];
  const wanted = (member: { size: number }) => {
    asked.push(member.size);
    return 0;
  };
  await expect(read(renderMember({ name: "huge", size }), 512, { wanted })).rejects.toThrow(TarError);
  expect(asked).toEqual([size]);
});

test.each<[string, Buffer]>([
  ["text", Buffer.from("text ".repeat(500))],
  ["a part of a header", file("a", "").subarray(0, 100)],
  ["a part of a content", file("a", "x".repeat(600)).subarray(0, 1000)],
  ["a content without its padding", file("a", "x").subarray(0, 513)],
  ["a part of an extension", ofKind("x", "12 path=pax\n").subarray(0, 515)],
  ["a size that is no number", summed(Buffer.concat([file("a", "")]).fill("9", 124, 135))],
  ["a size of records that is no number", Buffer.concat([ofKind("x", "11 size=-1\n"), file("a", "")])],
  ["a format from before POSIX", summed(file("a", "").fill(0, 257, 265))],
])("%s is no tar", async (_name, tar) => {
  await expect(read(tar)).rejects.toThrow(TarError);
});

test("the version beside ustar may be any", async () => {
  const member = file(`${"d".repeat(90)}/${"f".repeat(90)}`, "text");
  for (const version of ["\0\0", "  ", "01"]) {
    member.write(version, 263, "latin1");
    const [found] = await read(Buffer.concat([summed(member), endOfTar]));
    expect([version, found?.name.length, found?.text]).toEqual([version, 181, "text"]);
  }
});

test("zeros between members, and none at all", async () => {
  expect(await read(Buffer.alloc(0))).toEqual([]);
  expect(await read(Buffer.concat([padding(1), padding(511), endOfTar]).subarray(0, 512 * 2))).toEqual([]);
});

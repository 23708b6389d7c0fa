import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, mkdtemp, open, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { run } from "#host/process/run.ts";
import { hashTarball, importTarball, inspectTarball, type Tarball, withTarball } from "./tarball.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-tarball-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A value is a file's text, or after `->` a link's target, or `/` for a directory. */
type Members = Readonly<Record<string, string>>;

async function tar(members: Members): Promise<Buffer> {
  const archive = pack();
  for (const [name, value] of Object.entries(members)) {
    if (value === "/") archive.entry({ name, type: "directory" });
    else if (value.startsWith("->")) archive.entry({ name, type: "symlink", linkname: value.slice(2) });
    else archive.entry({ name }, value);
  }
  archive.finalize();
  return await bytesOf(archive);
}

async function bytesOf(archive: Pack): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A tar of one file with so many extended records (pax(5)), and its path. */
async function records(many: number): Promise<Buffer> {
  const archive = pack();
  archive.entry(
    { name: "ä", pax: Object.fromEntries(Array.from({ length: many }, (_, at) => [`k${at}`, ""])) },
    "",
  );
  archive.finalize();
  return await bytesOf(archive);
}

/** A tar's global header (pax(5)) of so many bytes, without what ends a tar. */
async function globalHeader(bytes: number): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "global" }, `${bytes} comment=`.padEnd(bytes - 1, "x").concat("\n"));
  archive.finalize();
  const made = await bytesOf(archive);
  const header = made.subarray(0, 512);
  header.write("g", 156);
  header.fill(" ", 148, 156);
  header.write(
    header
      .reduce((sum, byte) => sum + byte)
      .toString(8)
      .padStart(6, "0"),
    148,
  );
  return made.subarray(0, -1024);
}

let count = 0;
async function inspect(content: Uint8Array) {
  count += 1;
  const path = join(folder, `root-${count}`);
  await writeFile(path, content);
  return await withTarball(path, inspectTarball);
}

async function failure(promise: Promise<unknown>): Promise<BerthError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

const release = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n';
const elf = "\x7fELF";
const merged: Members = {
  "./": "/",
  "./bin": "->usr/bin",
  "./lib": "->usr/lib",
  "./sbin": "->usr/sbin",
  "./etc/os-release": "->../usr/lib/os-release",
  "./etc/machine-id": "",
  "./usr/bin/": "/",
  "./usr/sbin/init": "->/lib/systemd/systemd",
  "./usr/lib/os-release": release,
  "./usr/lib/systemd/systemd": elf.repeat(30_000),
  "./usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so": "elf",
};

describe("roots", () => {
  test("merged /usr, with every link resolved", async () => {
    const content = await tar(merged);
    expect(await inspect(content)).toEqual({
      sha256: createHash("sha256").update(content).digest("hex"),
      bytes: content.length,
      fileSha256: createHash("sha256").update(content).digest("hex"),
      command: ["/sbin/init"],
      guest: {
        os: { id: "debian", versionId: "12", prettyName: "Debian GNU/Linux 12 (bookworm)" },
        init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version: 252 },
        machineId: "",
        mergedUsr: true,
      },
    });
  });

  test("split /usr, without ./ and without directories", async () => {
    const facts = await inspect(
      await tar({
        "etc/os-release": release,
        "etc/machine-id": "0123456789abcdef\n",
        "sbin/init": elf,
        "etc/inittab": "id:2:",
      }),
    );
    expect(facts.guest).toMatchObject({
      init: { kind: "sysvinit", program: "/sbin/init" },
      machineId: "0123456789abcdef",
      mergedUsr: false,
    });
  });

  test("systemd without /sbin/init", async () => {
    const { "./usr/sbin/init": _, ...rest } = merged;
    expect((await inspect(await tar(rest))).command).toEqual(["/usr/lib/systemd/systemd"]);
  });
});

describe("compression is told by content", () => {
  const program = (name: string) => async (plain: Buffer) => {
    const path = join(folder, `plain-for-${name}`);
    await writeFile(path, plain);
    await run(name, ["-qf", path]);
    return Buffer.from(await Bun.file(`${path}.${name}`).arrayBuffer());
  };
  for (const [name, compress] of [
    ["gzip", async (plain: Buffer) => gzipSync(plain)],
    ["zstd", async (plain: Buffer) => zstdCompressSync(plain)],
    ["xz", program("xz")],
  ] as const) {
    test(name, async () => {
      expect((await inspect(await compress(await tar(merged)))).guest.init.version).toBe(252);
    });
    test(`${name}, cut off`, async () => {
      const whole = await compress(await tar(merged));
      expect(await failure(inspect(whole.subarray(0, whole.length - 20)))).toMatchObject({
        code: "file-invalid",
      });
    });
    test(`${name}, damaged`, async () => {
      const bytes = Buffer.from(await compress(await tar(merged)));
      bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 30);
      expect(await failure(inspect(bytes))).toMatchObject({ code: "file-invalid" });
    });
  }
});

describe("what is no root", () => {
  const prefixed = Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [name.replace("./", "rootfs/"), value]),
  );
  const cases: readonly (readonly [string, () => Promise<Uint8Array>, string, RegExp])[] = [
    ["an empty file", async () => new Uint8Array(), "file-invalid", /is empty/],
    ["text", async () => Buffer.from("hello ".repeat(500)), "file-invalid", /not a tar/],
    ["a short text", async () => Buffer.from("hello"), "file-invalid", /too short/],
    [
      "a tar cut off inside a member",
      async () => (await tar(merged)).subarray(0, 60_000),
      "file-invalid",
      /damaged/,
    ],
    [
      "a tar cut off between members",
      async () => (await tar({ a: "1", b: "2" })).subarray(0, 1024),
      "file-invalid",
      /cut off/,
    ],
    ["an empty tar", async () => tar({}), "no-os", /no operating system/],
    ["one directory", async () => tar(prefixed), "no-os", /no operating system/],
    ["no init", async () => tar({ "etc/os-release": release }), "no-init", /bookworm.* no \/sbin\/init/],
    [
      "links in a circle",
      async () => tar({ "etc/os-release": release, "sbin/init": "->../sbin/init" }),
      "no-init",
      /no \/sbin\/init/,
    ],
    [
      "a script as its init",
      async () => tar({ "etc/os-release": release, "sbin/init": "#!/bin/sh", "etc/inittab": "" }),
      "no-init",
      /\/sbin\/init/,
    ],
    [
      "an unknown init",
      async () => tar({ "etc/os-release": release, "sbin/init": "->tini", "sbin/tini": "" }),
      "no-init",
      /\/sbin\/tini/,
    ],
  ];
  for (const [name, content, code, message] of cases) {
    test(name, async () => {
      const error = await failure(inspect(await content()));
      expect(error.code).toBe(code as typeof error.code);
      expect(error.message).toMatch(message);
    });
  }

  /** Paths whose directories are all written out, a megabyte each. */
  const deep = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}/${"a/".repeat(2000)}x`, ""]));
  const large: readonly (readonly [string, () => Promise<Uint8Array>, RegExp])[] = [
    [
      "a path beyond PATH_MAX",
      async () => tar({ ["a/".repeat(10_000)]: "" }),
      /a path of 20000 characters, a\/a\/.*4095/,
    ],
    [
      "a link to one",
      async () => tar({ "sbin/init": `->${"a/".repeat(100_000)}` }),
      /a path of 200000 characters/,
    ],
    [
      "more directories than are looked through",
      async () => tar(deep(100)),
      /too many names: berth reads at most \d+ MiB/,
    ],
    ["more records of a file than it can have", async () => records(20_000), /\d+ extended records for ä/],
    [
      "a global header that each member would bear",
      () => globalHeader(8193),
      /a global header of 8193 bytes; berth reads at most 8192/,
    ],
  ];
  for (const [name, content, message] of large) {
    test(`${name}: it is refused before it fills the memory`, async () => {
      const refused = { code: "file-invalid", message: expect.stringMatching(message) };
      expect(await failure(inspect(await content()))).toMatchObject(refused);
    }, 30_000);
  }

  test("a global header as long as it may be is none of the root's business", async () => {
    const root = await tar({ "etc/os-release": release, "sbin/init": "->tini", "sbin/tini": "" });
    expect((await failure(inspect(Buffer.concat([await globalHeader(8192), root])))).code).toBe("no-init");
  });

  test("links that lead through each other without an end take no time", async () => {
    const within = "a/".repeat(1900);
    const links = Array.from({ length: 40 }, (_, at) => [
      `${within}l${at}`,
      `->${"a/../".repeat(800)}l${at + 1}`,
    ]);
    const entries = ["sbin", "usr/lib", "lib", "usr/bin", "etc"].map((name) => [name, `->/${within}l0`]);
    const content = await tar(Object.fromEntries([[`${within}a/`, "/"], ...links, ...entries]));
    const since = performance.now();
    expect((await failure(inspect(content))).code).toBe("no-os");
    expect(performance.now() - since).toBeLessThan(10_000);
  }, 30_000);

  test("the hint names the directory that holds the root", async () => {
    expect((await failure(inspect(await tar(prefixed)))).hint).toContain("in rootfs/ inside the tar");
  });
  test("the hint tells an image archive", async () => {
    expect((await failure(inspect(await tar({ "manifest.json": "[]" })))).hint).toContain("docker load");
  });
  test("a directory, and nothing at all", async () => {
    expect(await failure(withTarball(folder, inspectTarball))).toMatchObject({ code: "file-invalid" });
    expect(await failure(withTarball(join(folder, "none"), inspectTarball))).toMatchObject({
      code: "file-missing",
    });
  });
  test("a pipe, to which nobody writes, and a device: neither is waited for", async () => {
    await run("mkfifo", [join(folder, "pipe.tar")]);
    await symlink("pipe.tar", join(folder, "link.tar"));
    const refused = {
      code: "file-invalid",
      message: expect.stringContaining("is a pipe, a device or a socket"),
    };
    // Such as bash's <(…) is one.
    const other = spawn("bash", ["-c", "exec 3< <(:); echo; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(other.stdout, "data");
    for (const path of [
      join(folder, "pipe.tar"),
      join(folder, "link.tar"),
      "/dev/zero",
      `/proc/${other.pid}/fd/3`,
    ])
      expect(await failure(withTarball(path, inspectTarball))).toMatchObject(refused);
    other.kill();
  });
});

describe("an interruption ends a reading at once", () => {
  const interrupted = async (
    path: string,
    read: (tarball: Tarball, signal: AbortSignal) => Promise<unknown>,
  ) => {
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(new BerthError("interrupted", "interrupted by SIGINT")), 100);
    return (await failure(withTarball(path, (tarball) => read(tarball, interruption.signal)))).code;
  };

  test("of a terabyte that takes no disk", async () => {
    const path = join(folder, "sparse");
    await writeFile(path, "");
    await truncate(path, 2 ** 40);
    expect([await interrupted(path, hashTarball), await interrupted(path, inspectTarball)]).toEqual([
      "interrupted",
      "interrupted",
    ]);
  });

  test("of a few megabytes that unpack to many gigabytes", async () => {
    const path = join(folder, "bomb");
    await writeFile(path, Buffer.concat(Array(200).fill(gzipSync(Buffer.alloc(2 ** 26)))));
    expect(await interrupted(path, inspectTarball)).toBe("interrupted");
  });
});

test("a file is read as far as it went when it was opened, whoever appends to it", async () => {
  const path = join(folder, "growing");
  await writeFile(path, "abc");
  const hash = await withTarball(path, async (tarball) => {
    await appendFile(path, "more");
    return await hashTarball(tarball);
  });
  expect(hash).toBe(createHash("sha256").update("abc").digest("hex"));
});

describe("what is sent is what was read", () => {
  /** An engine that does `before` as the image is sent to it, and what it has been sent. */
  function engine(before: () => Promise<void>): { readonly engine: Engine; readonly sent: Buffer[] } {
    const sent: Buffer[] = [];
    const request: Engine["request"] = async ({ body }) => {
      await before();
      for await (const chunk of body as Readable) sent.push(chunk as Buffer);
      return { kind: "answer", status: 200, headers: {}, body: Readable.from([]) };
    };
    return {
      engine: {
        endpoint: { kind: "unix", path: join(folder, "none.sock"), source: "" },
        apiVersion: "1.41",
        request,
      },
      sent,
    };
  }
  const send = async (path: string, stand: Engine, sha256?: string) =>
    await withTarball(path, (tarball) =>
      importTarball(stand, sha256 === undefined ? tarball : { ...tarball, sha256 }, {
        reference: "berth/web:1",
        labels: {},
        architecture: "amd64",
      }),
    );
  /** Is read in many parts, however it is compressed. */
  const large = async () =>
    await tar({ ...merged, "./var/large": randomBytes(3_000_000).toString("latin1") });

  /** A skippable frame (RFC 8878, 3.1.2) of so many bytes in all. */
  const skipped = (bytes: number) => {
    const frame = Buffer.alloc(bytes);
    frame.writeUInt32LE(0x184d2a50, 0);
    frame.writeUInt32LE(bytes - 8, 4);
    return frame;
  };
  const more = zstdCompressSync(Buffer.alloc(8_000_000));

  for (const [name, compress, end] of [
    ["plain", (content: Buffer) => content, Buffer.from("other")],
    ["gzip", gzipSync, Buffer.from("other")],
    // It unpacks to more than before, without a fault.
    [
      "zstd",
      (content: Buffer) => Buffer.concat([zstdCompressSync(content), skipped(9000)]),
      Buffer.concat([more, skipped(9000 - more.length)]),
    ],
  ] as const) {
    test(`${name}: as it is; else the engine gets no manifest`, async () => {
      const path = join(folder, `sent-${name}`);
      await writeFile(path, compress(await large()));
      const whole = engine(async () => {});
      await send(path, whole.engine);
      expect(Buffer.concat(whole.sent).includes("manifest.json")).toBe(true);

      const cut = engine(async () => {
        const file = await open(path, "r+");
        await file.write(end, 0, end.length, (await file.stat()).size - end.length);
        await file.close();
      });
      const refused = { code: "file-invalid", message: `${path} changed while berth read it` };
      expect(await failure(send(path, cut.engine))).toMatchObject(refused);
      expect(cut.sent.length).toBeGreaterThan(0);
      expect(Buffer.concat(cut.sent).includes("manifest.json")).toBe(false);
    });
  }

  test("nothing of another file than was looked up is sent", async () => {
    const path = join(folder, "looked-up");
    await writeFile(path, await tar(merged));
    const sha256 = await withTarball(path, hashTarball);
    const stand = engine(async () => {});
    await send(path, stand.engine, sha256);
    expect(stand.sent.length).toBeGreaterThan(0);
    stand.sent.length = 0;
    await writeFile(path, await tar({ ...merged, "./etc/other": "" }));
    expect(await failure(send(path, stand.engine, sha256))).toMatchObject({
      code: "file-invalid",
      message: `${path} changed while berth read it`,
    });
    expect(stand.sent).toEqual([]);
  });

  test("a file counts to its end, also the zeros of a tape behind what is compressed", async () => {
    const content = Buffer.concat([gzipSync(await tar(merged)), Buffer.alloc(1_000_000)]);
    expect((await inspect(content)).fileSha256).toBe(createHash("sha256").update(content).digest("hex"));
  });
});

test("the hash is the file's", async () => {
  const path = join(folder, "abc");
  await writeFile(path, "abc");
  // FIPS 180-2, appendix B.1
  expect(await withTarball(path, hashTarball)).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

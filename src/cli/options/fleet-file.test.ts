import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openContext } from "#cli/frame/context.ts";
import { parseGlobals } from "#cli/frame/global-options.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";
import { findFleet, withFileRead } from "./fleet-file.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "berth-file-")));
  file = join(directory, "berth.yaml");
  writeFileSync(file, "machines: {web: {image: x}}\n");
  mkdirSync(join(directory, "work"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function contextIn(
  cwd: string,
  globals: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const memory = memoryIo({ cwd, env });
  const { context } = openContext(memory.io, parseGlobals(globals), memory.io.signal);
  return { context, stderr: memory.stderr };
}

const foundBy = (context: Parameters<typeof findFleet>[0]) => findFleet(context)?.project.file;

test("a file here is used without a word, one above is named", () => {
  const here = contextIn(directory);
  expect([foundBy(here.context), here.stderr()]).toEqual([file, ""]);
  const below = contextIn(join(directory, "work"));
  expect([foundBy(below.context), below.stderr()]).toEqual([file, `machine file: ${file}\n`]);
});

test("what is wrong in a file here is told without its directory, in one elsewhere with it", () => {
  writeFileSync(file, "machines: {web: {imag: x}}\n");
  for (const [cwd, shown] of [
    [directory, "berth.yaml"],
    [join(directory, "work"), file],
  ] as const) {
    const message = expect.stringMatching(new RegExp(`^${shown}:1:12 .*\\n${shown}:1:18 `));
    expect(() => findFleet(contextIn(cwd, { file }).context)).toThrow(
      expect.objectContaining({ code: "file-invalid", message }),
    );
  }
  writeFileSync(file, "machines: {web: {image: x}}\n");
  expect(findFleet(contextIn(directory, { file }).context)?.project).toEqual({
    name: basename(directory).toLowerCase(),
    file,
  });
});

test("a file that everybody may write to is refused by its name, and can be named", () => {
  chmodSync(file, 0o666);
  expect(() => findFleet(contextIn(join(directory, "work")).context)).toThrow(
    expect.objectContaining({
      code: "file-untrusted",
      message: expect.stringContaining(file),
      hint: expect.stringContaining(`--file ${file}`),
    }),
  );
  expect(foundBy(contextIn(join(directory, "work"), { file: "../berth.yaml" }).context)).toBe(file);
});

test("so is one in a directory that everybody may change, or that a link leads to there", () => {
  chmodSync(directory, 0o777);
  expect(() => findFleet(contextIn(directory).context)).toThrow(
    expect.objectContaining({ code: "file-untrusted" }),
  );
  const other = realpathSync(mkdtempSync(join(tmpdir(), "berth-link-")));
  try {
    symlinkSync(file, join(other, "berth.yaml"));
    expect(() => findFleet(contextIn(other).context)).toThrow(
      expect.objectContaining({ code: "file-untrusted" }),
    );
  } finally {
    rmSync(other, { recursive: true });
  }
});

test.skipIf(Bun.which("setfacl") === null)(
  "so is one that an access control list lets another user change (needs setfacl)",
  () => {
    chmodSync(file, 0o644);
    execFileSync("setfacl", ["-m", "u:65534:r", file]);
    expect(foundBy(contextIn(directory).context)).toBe(file);
    execFileSync("setfacl", ["-m", "u:65534:rw", file]);
    expect(() => findFleet(contextIn(directory).context)).toThrow(
      expect.objectContaining({ code: "file-untrusted", message: expect.stringContaining("setfacl -b") }),
    );
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "another user's file is refused, unless that user has become root (needs root)",
  () => {
    chownSync(file, 65534, 65534);
    expect(() => findFleet(contextIn(directory).context)).toThrow(
      expect.objectContaining({ code: "file-untrusted", message: expect.stringContaining("65534") }),
    );
    expect(foundBy(contextIn(directory, {}, { SUDO_UID: "65534" }).context)).toBe(file);
    expect(() => findFleet(contextIn(directory, {}, { SUDO_UID: "1000" }).context)).toThrow(
      expect.objectContaining({ code: "file-untrusted" }),
    );
  },
);

test.skipIf(!isRoot)(
  "a group of the user's number is another's, too, who is in it (needs root)",
  async () => {
    const [group, program] = [
      (members: string) =>
        `sed '/^[^:]*:[^:]*:4243:/d' /etc/group >/run/group; echo alice:x:4243:${members} >>/run/group; `,
      `const { findFleet } = await import(${JSON.stringify(import.meta.resolve("./fleet-file.ts"))});
    const { openContext } = await import(${JSON.stringify(import.meta.resolve("#cli/frame/context.ts"))});
    const { parseGlobals } = await import(${JSON.stringify(import.meta.resolve("#cli/frame/global-options.ts"))});
    const { memoryIo } = await import(${JSON.stringify(import.meta.resolve("#cli/test/memory-io.ts"))});
    const { io } = memoryIo({ cwd: "/run/a", env: { SUDO_UID: "4243" } });
    try { return findFleet(openContext(io, parseGlobals({}), io.signal).context)?.project.file; } catch ({ code, message }) { return code + ": " + message; }`,
    ];
    const file =
      "mkdir /run/a; echo 'machines: {web: {image: x}}' >/run/a/berth.yaml; chown -R 4243:4243 /run/a; chmod 664 /run/a/berth.yaml; ";
    const found = (members: string) =>
      inMounts(program, `chmod 755 /run; ${file}${group(members)}mount --bind /run/group /etc/group`);
    expect([await found(""), await found("root")]).toEqual(["/run/a/berth.yaml", "/run/a/berth.yaml"]);
    expect(await found("root,nobody")).toMatch(
      /^file-untrusted: .*the user 65534 is in the group 4243, which may write to \/run\/a\/berth.yaml/,
    );
  },
);

test("so is one whose link leads through a directory that everybody may change to a file that nobody else may", () => {
  const [open, own] = [join(directory, "open"), join(directory, "own")];
  for (const place of [open, own]) mkdirSync(place);
  chmodSync(open, 0o777);
  symlinkSync(file, join(open, "middle"));
  symlinkSync(join(open, "middle"), join(own, "berth.yaml"));
  expect(() => findFleet(contextIn(own).context)).toThrow(
    expect.objectContaining({
      code: "file-untrusted",
      message: expect.stringContaining(`any user may write to ${open}`),
    }),
  );
  chmodSync(open, 0o755);
  expect(foundBy(contextIn(own).context)).toBe(file);
});

test("so is one in a directory such as /tmp, into which anybody may move a file of one's own, but not one below", () => {
  const copies = join(directory, "copies");
  mkdirSync(copies);
  renameSync(file, join(copies, "copy"));
  chmodSync(directory, 0o1777);
  // What mallory does with what root has unpacked for him: it takes no right over the file.
  renameSync(join(copies, "copy"), file);
  expect(() => findFleet(contextIn(join(directory, "work")).context)).toThrow(
    expect.objectContaining({
      code: "file-untrusted",
      message: expect.stringContaining(`other users may move a file of yours into ${directory}`),
      hint: expect.stringContaining(`--file ${file}`),
    }),
  );
  expect(foundBy(contextIn(directory, { file }).context)).toBe(file);
  renameSync(file, join(directory, "work", "berth.yaml"));
  expect(foundBy(contextIn(join(directory, "work")).context)).toBe(join(directory, "work", "berth.yaml"));
});

test("what was found and is no plain file, or a huge one, is named, and nobody waits for it", () => {
  const found = () => foundBy(contextIn(directory).context);
  const refused = (message: string) =>
    expect.objectContaining({ code: "file-invalid", message: `${file} ${message}` });
  truncateSync(file, 2 * 1024 * 1024);
  expect(found).toThrow(refused("is longer than 1 MiB, the limit for a machine file"));
  rmSync(file);
  mkdirSync(file);
  expect(found).toThrow(refused("was found, but it is not a regular file"));
  rmdirSync(file);
  execFileSync("mkfifo", [file]);
  expect(found).toThrow(refused("was found, but it is not a regular file"));
});

test.skipIf(process.getuid?.() !== 0)(
  "one that leads to a file of the kernel's, whose reader would wait, is empty (needs root)",
  () => {
    rmSync(file);
    symlinkSync("/proc/kmsg", file);
    expect(() => foundBy(contextIn(directory).context)).toThrow(
      expect.objectContaining({ code: "file-invalid" }),
    );
  },
);

test("a pipe that is named is read once, and may keep its reader waiting", async () => {
  rmSync(file);
  execFileSync("mkfifo", [file]);
  const writer = Bun.spawn(["sh", "-c", `sleep 0.1; echo 'machines: {web: {image: x}}' >${file}`]);
  const context = await withFileRead(contextIn(directory, { file }).context);
  expect(await writer.exited).toBe(0);
  expect([foundBy(context), foundBy(context)]).toEqual([file, file]);
});

test("a missing terminal is reported like any file that cannot be read", async () => {
  const program = `const { withFileRead, findFleet } = await import(${JSON.stringify(import.meta.resolve("./fleet-file.ts"))});
    const context = { global: { file: "/dev/tty" }, io: { cwd: "/", env: {} }, signal: new AbortController().signal };
    try { findFleet(await withFileRead(context)); } catch ({ code, message }) { console.log(code + ": " + message); }`;
  const { stdout } = Bun.spawnSync(["setsid", "--wait", process.execPath, "-e", program]);
  expect(stdout.toString()).toBe("file-missing: cannot read /dev/tty\n");
});

test("in a directory that lies too deep no file is taken for its own", () => {
  execFileSync("sh", ["-c", "mkdir -p $(printf %0260d 0 | sed s:0:d/:g)"], { cwd: directory });
  const deep = join(directory, "d/".repeat(260));
  expect(() => findFleet(contextIn(deep).context)).toThrow(
    expect.objectContaining({ code: "file-untrusted" }),
  );
});

test("a fleet is of the file itself, whatever link leads to it", () => {
  const link = join(directory, "work", "other.yaml");
  symlinkSync(file, link);
  expect(foundBy(contextIn(directory, { file: link }).context)).toBe(file);
});

test("no more is read of one that has no end than a machine file may have", () => {
  const message = (path: string) =>
    expect.objectContaining({
      code: "file-invalid",
      message: `${path} is longer than 1 MiB, the limit for a machine file`,
    });
  execFileSync("truncate", ["--size=8G", file]);
  expect(() => findFleet(contextIn(directory).context)).toThrow(message(file));
  expect(() => findFleet(contextIn(directory, { file: "/dev/zero" }).context)).toThrow(message("/dev/zero"));
});

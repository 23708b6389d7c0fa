import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesBy, rootFiles } from "./root-files.ts";

let outside = "";
let root = "";
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), "berth-root-"));
  root = join(outside, "root");
  for (const directory of ["etc", "usr/bin", "usr/lib/systemd", "var", "proc"])
    mkdirSync(join(root, directory), { recursive: true });
  mkdirSync(join(outside, "etc"));
  writeFileSync(join(outside, "secret"), "the host's");
  writeFileSync(join(outside, "etc/secret"), "the host's");
  writeFileSync(join(root, "etc/inside"), "the machine's");
  writeFileSync(join(root, "etc/passwd"), "root");
});
// rm, since it can remove what no path is long enough for.
afterAll(() => execFileSync("rm", ["-rf", outside]));

const link = (at: string, to: string) => symlinkSync(to, join(root, at));

describe("links stay inside the root", () => {
  beforeAll(() => {
    link("bin", "usr/bin");
    link("absolute", "/etc");
    link("host", join(outside, "etc"));
    link("up", "../secret");
    link("far-up", "../../../../../../../../../../../../etc/passwd");
    link("etc/over", "../../secret");
    link("to-root", "/");
    link("to-dotdot", "/..");
    link("proc-self", "/proc/self");
    link("chain", "absolute/../chain2");
    link("chain2", "to-root/etc/inside");
    link("empty-names", ".//etc//./inside");
  });

  test.each<[string, string | undefined]>([
    ["/", "/"],
    ["", "/"],
    ["/..", "/"],
    ["/../../..", "/"],
    ["/bin", "/usr/bin"],
    ["/absolute/inside", "/etc/inside"],
    ["/absolute/../etc/./inside", "/etc/inside"],
    ["/host", undefined],
    ["/host/secret", undefined],
    ["/up", undefined],
    ["/far-up", "/etc/passwd"],
    ["/etc/over", undefined],
    ["/../secret", undefined],
    ["/etc/../../secret", undefined],
    ["/to-root/to-root/to-dotdot/etc", "/etc"],
    ["/to-dotdot/secret", undefined],
    ["/proc-self", undefined],
    ["/proc-self/root/etc/passwd", undefined],
    ["/chain", "/etc/inside"],
    ["/empty-names", "/etc/inside"],
    ["/etc/passwd/x", undefined],
    ["/etc/passwd/..", undefined],
    ["/missing/../etc", undefined],
  ])("%s is %p", (path, resolved) => {
    expect(rootFiles(root).resolve(path)).toBe(resolved as string);
    expect(rootFiles(root).read(path) ?? "").not.toContain("host's");
  });
});

describe("what is no plain file, or no path at all", () => {
  const special = [
    "fifo",
    "device",
    "socket-like",
    "loop",
    "loop-a",
    "loop/x",
    "long-name",
    "long-path",
    "deep",
    "etc",
    "missing",
  ];
  beforeAll(() => {
    execFileSync("mkfifo", [join(root, "fifo")]);
    // A link stands for the device where the test may not make one; it is not followed to the host's either
    // way.
    link("device", "/dev/zero");
    link("socket-like", "/run/docker.sock");
    link("loop", "loop");
    link("loop-a", "loop-b");
    link("loop-b", "loop-a");
    link("long-name", "x".repeat(300));
    link("long-path", "etc/../".repeat(580));
    // Each step is short; together they name a path longer than any.
    const step = "d".repeat(200);
    mkdirSync(join(root, step));
    link("deep", `${step}/`.repeat(20));
    symlinkSync(".", join(root, step, step));
  });

  test.each(special)("%s: no text, no error", (name) => {
    expect(rootFiles(root).read(`/${name}`)).toBeUndefined();
  });

  test.each(special.filter((name) => name !== "etc" && name !== "long-path" && name !== "deep"))(
    "%s: no names, no error",
    (name) => {
      expect(rootFiles(root).list(`/${name}`)).toEqual([]);
    },
  );

  test("a real device node is not opened", () => {
    if (process.getuid?.() !== 0) return;
    execFileSync("mknod", [join(root, "zero"), "c", "1", "5"]);
    expect(rootFiles(root).read("/zero")).toBeUndefined();
    expect(rootFiles(root).resolve("/zero")).toBe("/zero");
  });

  test.each(["/\0", "/etc/\0", `/${"x".repeat(300)}`, `/${"x/".repeat(5000)}`])(
    "a path that cannot be",
    (path) => {
      const files = rootFiles(root);
      expect([files.resolve(path), files.read(path), files.list(path)]).toEqual([undefined, undefined, []]);
    },
  );

  test("directories deeper than a path can say", () => {
    const name = "n".repeat(200);
    const script = "chdir shift or die; for (1 .. 30) { mkdir $ARGV[0] or die; chdir $ARGV[0] or die }";
    execFileSync("perl", ["-e", script, root, name]);
    const files = rootFiles(root);
    expect(files.resolve(`/${name}`.repeat(3))).toBe(`/${name}`.repeat(3));
    expect(files.resolve(`/${name}`.repeat(30))).toBeUndefined();
  });

  test("a root that is not there", () => {
    const files = rootFiles(join(outside, "nowhere"));
    expect([files.resolve("/etc"), files.read("/etc/os-release"), files.list("/etc")]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });
});

test("a chain of 40 links is followed, one of 41 is not", () => {
  for (let index = 0; index <= 41; index++)
    link(`link-${index}`, index === 0 ? "etc/inside" : `link-${index - 1}`);
  expect(rootFiles(root).resolve("/link-39")).toBe("/etc/inside");
  expect(rootFiles(root).resolve("/link-40")).toBeUndefined();
});

test("links that multiply end", () => {
  for (let index = 0; index < 30; index++)
    link(`bomb-${index}`, index === 0 ? "." : `bomb-${index - 1}/bomb-${index - 1}`);
  expect(rootFiles(root).resolve("/bomb-29")).toBeUndefined();
});

test("links that are longer together than a path are not followed, one that is as long is", () => {
  const around = "etc/../".repeat(500);
  link("long", `${around}etc/inside`);
  link("longer", `${around}long`);
  expect(["/long", "/longer"].map((path) => rootFiles(root).resolve(path))).toEqual([
    "/etc/inside",
    undefined,
  ]);
});

test("a huge file is read in part", () => {
  writeFileSync(join(root, "huge"), "ID=debian\n");
  truncateSync(join(root, "huge"), 8 * 2 ** 30);
  const text = rootFiles(root).read("/huge");
  expect(text).toStartWith("ID=debian\n");
  expect(text).toHaveLength(64 * 1024);
});

test("a program is told from a script, and from what is no file", () => {
  const files = rootFiles(root);
  writeFileSync(join(root, "program"), "\x7fELF\x02\x01");
  writeFileSync(join(root, "script"), "#!/bin/sh\n");
  writeFileSync(join(root, "short"), "\x7fEL");
  link("to-program", "/program");
  expect(
    ["/program", "/to-program", "/script", "/short", "/etc", "/missing", "/fifo"].map((path) =>
      files.isElf(path),
    ),
  ).toEqual([...[true, true], ...[false, false, false, false, false]]);
});

test("reading and listing", () => {
  const files = rootFiles(root);
  writeFileSync(join(root, "usr/lib/systemd/a"), "");
  expect(files.read("/etc/inside")).toBe("the machine's");
  expect(files.list("/usr/lib/systemd")).toEqual(["a"]);
  expect(files.list("/etc/inside")).toEqual([]);
});

test.each(["read", "list"] as const)(
  "a directory that is exchanged for a link before the last step: %s finds nothing",
  (look) => {
    const swapped = `swapped-${look}`;
    mkdirSync(join(root, swapped, "inner"), { recursive: true });
    writeFileSync(join(root, swapped, "secret"), "the machine's");
    mkdirSync(join(outside, "etc/inner"), { recursive: true });
    writeFileSync(join(outside, "etc/inner/secret"), "the host's");
    const path = look === "read" ? `/${swapped}/secret` : `/${swapped}/inner`;
    let looks = 0;
    const files = filesBy((at) => {
      if (at === path) looks += 1;
      if (at === path && looks === 2) {
        renameSync(join(root, swapped), join(root, `${swapped}-moved`));
        symlinkSync(join(outside, "etc"), join(root, swapped));
      }
      return join(root, at);
    });
    expect(files[look](path) ?? []).toEqual([]);
    expect(looks).toBe(2);
  },
);

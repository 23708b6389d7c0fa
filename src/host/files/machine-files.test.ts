import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MountedFiles } from "#contract/guest.ts";
import { parseGuest } from "#contract/guest.ts";
import { machineFiles } from "./machine-files.ts";

let place = "";
/** The image: links of a merged /usr alone. The folder: a machine's directories. */
const image = () => join(place, "image");
const folder = (name: string) => join(place, "folder", name);
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "berth-files-"));
  for (const directory of [
    "image",
    "image/run",
    "folder/etc",
    "folder/usr/sbin",
    "folder/usr/lib/systemd",
    "folder/var",
    "folder/empty",
  ]) {
    mkdirSync(join(place, directory), { recursive: true });
  }
  writeFileSync(join(place, "secret"), "the host's");
  mkdirSync(join(place, "etc"));
  writeFileSync(join(place, "etc/os-release"), "ID=host");
  const links = {
    "image/sbin": "usr/sbin",
    "image/lib": "usr/lib",
    "folder/usr/sbin/init": "/lib/systemd/systemd",
  };
  const inFolder = {
    "var/run": "/run",
    "var/up": "../../secret",
    "var/far": "../../../../../../../etc/os-release",
    "etc/os-release": "../usr/lib/os-release",
  };
  for (const [path, to] of Object.entries(links)) symlinkSync(to, join(place, path));
  for (const [path, to] of Object.entries(inFolder)) symlinkSync(to, folder(path));
  symlinkSync(join(place, "secret"), folder("etc/out"));
  symlinkSync("/", folder("etc/whole"));
  symlinkSync("/run/resolve/stub.conf", folder("etc/resolv.conf"));
  symlinkSync("/var/lib/none/hosts", folder("etc/hosts"));
  symlinkSync("loop", folder("etc/loop"));
  symlinkSync(folder("etc"), join(place, "by-link"));
  writeFileSync(folder("usr/lib/os-release"), "ID=debian\nVERSION_ID=12");
  writeFileSync(folder("usr/lib/systemd/systemd"), "\x7fELF");
  writeFileSync(folder("usr/lib/systemd/libsystemd-shared-252.so"), "");
  writeFileSync(folder("etc/machine-id"), "fedcba9876543210fedcba9876543210\n");
  execFileSync("mkfifo", [folder("etc/fifo")]);
});
afterAll(() => rmSync(place, { recursive: true }));

const bind = (destination: string, source: string): MountedFiles => ({ destination, source });
const whole = () => [
  { destination: "/proc", source: undefined },
  ...["etc", "usr", "var"].map((name) => bind(`/${name}`, folder(name))),
  { destination: "/run", source: undefined },
];
const files = () => machineFiles(image(), whole());

test("a machine of which each directory is bound is read as one that is whole", () => {
  expect(parseGuest(["/sbin/init"], files())).toMatchObject({
    guest: {
      os: { id: "debian", versionId: "12" },
      init: { kind: "systemd", program: "/usr/lib/systemd/systemd", version: 252 },
      machineId: "fedcba9876543210fedcba9876543210",
    },
  });
  expect(parseGuest(["/sbin/init"], machineFiles(image(), []))).toEqual({ missing: "program" });
});

describe("links in a directory of the host's lead nowhere on the host", () => {
  test.each<[string, string | undefined]>([
    ["/etc/out", undefined],
    ["/var/up", undefined],
    ["/var/far", "ID=debian\nVERSION_ID=12"],
    ["/etc/whole/etc/machine-id", "fedcba9876543210fedcba9876543210\n"],
    ["/etc/../../secret", undefined],
    ["/etc/loop", undefined],
  ])("%s", (path, text) => {
    expect(files().read(path)).toBe(text as string);
  });

  test("a FIFO is no text, and nobody waits for it", () => {
    expect(files().read("/etc/fifo")).toBeUndefined();
  });

  test("and a bind whose source is a link shows what that leads to, as for the kernel", () => {
    expect(machineFiles(image(), [bind("/etc", join(place, "by-link"))]).resolve("/etc/machine-id")).toBe(
      "/etc/machine-id",
    );
  });
});

describe("of several mounts", () => {
  const read = (path: string, ...mounts: readonly MountedFiles[]) => machineFiles(image(), mounts).read(path);
  const id = "fedcba9876543210fedcba9876543210\n";

  test.each<[string, () => readonly MountedFiles[], string | undefined]>([
    [
      "one in the other",
      () => [bind("/etc", folder("empty")), bind("/etc/machine-id", folder("etc/machine-id"))],
      id,
    ],
    ["one over the other", () => [bind("/etc", folder("etc")), bind("/etc", folder("empty"))], undefined],
    [
      "one over what is in it",
      () => [bind("/etc/machine-id", folder("etc/machine-id")), bind("/etc", folder("empty"))],
      undefined,
    ],
    [
      "a file system over one",
      () => [bind("/etc", folder("etc")), { destination: "/etc", source: undefined }],
      undefined,
    ],
    ["a name that begins alike", () => [bind("/etc", folder("etc")), bind("/etc2", folder("empty"))], id],
    ["a source that is not there", () => [bind("/etc", join(place, "none"))], undefined],
  ])("%s", (_, mounts, expected) => {
    expect(read("/etc/machine-id", ...mounts())).toBe(expected as string);
  });

  test("one at a link is where that leads to in the machine", () => {
    expect(read("/usr/lib/machine-id", bind("/usr", folder("usr")), bind("/lib", folder("etc")))).toBe(id);
  });
});

describe("where a path leads", () => {
  test.each([
    ["/etc/machine-id", { path: "/etc/machine-id", exists: true, bound: true }],
    ["/etc/hostname", { path: "/etc/hostname", exists: false, bound: true }],
    ["/etc", { path: "/etc", exists: true, bound: true }],
    ["/etc/resolv.conf", { path: "/run/resolve/stub.conf", exists: false, bound: false }],
    ["/etc/hosts", { path: "/var/lib/none/hosts", exists: false, bound: true }],
    ["/var/run/x", { path: "/run/x", exists: false, bound: false }],
    ["/srv/x", { path: "/srv/x", exists: false, bound: false }],
    ["/etc/machine-id/x", { path: "/etc/machine-id/x", exists: false, bound: true }],
    ["/etc/loop", { path: "/etc/loop", exists: false, bound: false }],
    ["/", { path: "/", exists: true, bound: false }],
  ])("%s", (path, expected) => {
    expect(files().place(path)).toEqual(expected);
  });
});

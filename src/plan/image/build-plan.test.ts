import { describe, expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import { sha256 } from "#host/files/sha256.ts";
import type { ScratchImage } from "#machinefile/machine.ts";
import { debianArchitecture, planBuild } from "./build-plan.ts";
import { builtinImages, machinePackages } from "./builtin.ts";

const bookworm: ScratchImage = { base: "scratch", os: "debian", release: "bookworm", packages: [] };
const plan = (
  name: string,
  spec: Partial<ScratchImage> = {},
  sources: readonly string[] = [],
  architecture = "amd64",
) => planBuild(name, { ...bookworm, ...spec }, sources, architecture, sha256);

test("the built-in names", () => {
  expect([...builtinImages].map(([name, { os, release }]) => `${name} ${os} ${release}`)).toEqual([
    "debian-11 debian bullseye",
    "debian-12 debian bookworm",
    "debian-13 debian trixie",
    "debian-sid debian sid",
    "ubuntu-22.04 ubuntu jammy",
    "ubuntu-24.04 ubuntu noble",
  ]);
  expect(machinePackages).toEqual(
    expect.arrayContaining(["systemd", "systemd-sysv", "dbus", "libpam-systemd", "iproute2"]),
  );
});

test("mmdebstrap's arguments", () => {
  const args = plan("web", { packages: ["nginx", "dbus"] }, [
    "deb http://archive.test/debian bookworm main",
  ]).command("/t/root.tar");
  const hooks = args.filter((arg) => arg.startsWith("--customize-hook="));
  expect(hooks.length).toBeGreaterThan(0);
  expect(args.filter((arg) => !hooks.includes(arg))).toEqual([
    "--variant=minbase",
    "--format=tar",
    "--architectures=amd64",
    "--components=main",
    `--include=${[...machinePackages, "nginx"].join(",")}`,
    "--",
    "bookworm",
    "/t/root.tar",
    "deb http://archive.test/debian bookworm main",
  ]);
  expect(plan("u", { os: "ubuntu", release: "noble" }).command("t")).toContain("--components=main,universe");
});

describe("the digest", () => {
  const base = plan("web").digest;
  test("stays the same for the same", () => {
    expect(plan("other-name").digest).toBe(base);
    expect(plan("web", { packages: ["dbus"], variant: "minbase" }).digest).toBe(base);
    expect(base).toMatch(/^[0-9a-f]{64}$/);
  });
  const changes: readonly (readonly [string, string])[] = [
    ["packages", plan("web", { packages: ["nginx"] }).digest],
    ["release", plan("web", { release: "trixie" }).digest],
    ["os", plan("web", { os: "ubuntu" }).digest],
    ["variant", plan("web", { variant: "standard" }).digest],
    ["sources", plan("web", {}, ["deb http://archive.test/debian bookworm main"]).digest],
    ["architecture", plan("web", {}, [], "arm64").digest],
  ];
  for (const [what, digest] of changes) test(`changes with the ${what}`, () => expect(digest).not.toBe(base));
  test("differs among all these", () =>
    expect(new Set(changes.map(([, digest]) => digest)).size).toBe(changes.length));
});

test("a built-in recipe has one reference, another of that name its own", () => {
  expect(plan("debian-12")).toMatchObject({ repository: "berth/debian-12", tag: "latest" });
  expect(plan("debian-12", { mirror: "http://archive.test/debian" }).tag).toBe("latest");
  const other = plan("debian-12", { packages: ["nginx"] });
  expect(other.tag).toBe(other.digest.slice(0, 12));
  expect(plan("web").tag).toBe(plan("web").digest.slice(0, 12));
});

describe("what would be an option or another reference is refused", () => {
  for (const [name, spec] of [
    ["Web", {}],
    ["a/b", {}],
    ["web", { release: "--mode=chrootless" }],
    ["web", { packages: ["nginx,--x"] }],
    ["web", { packages: ["?essential"] }],
  ] as const) {
    test(`${name} ${JSON.stringify(spec)}`, () => expect(() => plan(name, spec)).toThrow(BerthError));
  }
});

test("architectures", () => {
  expect([debianArchitecture("x64"), debianArchitecture("arm64")]).toEqual(["amd64", "arm64"]);
  expect(() => debianArchitecture("s390x")).toThrow("s390x");
});

test("the keys that a build reads: the archive's, and those that lines of sources name", () => {
  const debian = "/usr/share/keyrings/debian-archive-keyring.gpg";
  expect(plan("web").keyrings).toEqual([debian]);
  const lines = [
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/a.gpg,/b.asc] http://mirror.example/debian bookworm main",
    "deb [signed-by=0123456789ABCDEF0123456789ABCDEF01234567] http://mirror.example/debian bookworm main",
  ];
  expect(plan("web", {}, lines).keyrings).toEqual([debian, "/etc/apt/keyrings/a.gpg", "/b.asc"]);
});

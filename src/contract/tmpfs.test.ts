import { describe, expect, test } from "bun:test";
import {
  boundTmpfs,
  contractTmpfs,
  placeOptions,
  renderLogin,
  type TmpfsRequest,
  tmpfsOptions,
} from "./tmpfs.ts";

const mebibyte = 1024 ** 2;
const host = 16 * 1024 * mebibyte;
const of = (request: Partial<TmpfsRequest> = {}) =>
  contractTmpfs(host, { init: "systemd", profile: "full", limit: undefined, shmSize: undefined, ...request });
const sizes = ({ tmpfs, shm }: ReturnType<typeof of>) =>
  Object.fromEntries(
    [...tmpfs, shm].map(({ target, size }) => [target, Math.round((size / mebibyte) * 10) / 10]),
  );

describe("how much each holds, in MiB", () => {
  test.each<[string, Partial<TmpfsRequest>, Record<string, number>, number | undefined]>([
    [
      "without a limit: a system's shares of the host's memory",
      {},
      { "/run": 3276.8, "/run/lock": 5, "/tmp": 8192, "/dev/shm": 8192 },
      undefined,
    ],
    [
      "a limit that is beyond it is none",
      { limit: host },
      { "/run": 3276.8, "/run/lock": 5, "/tmp": 8192, "/dev/shm": 8192 },
      undefined,
    ],
    [
      "1 GiB",
      { limit: 1024 * mebibyte },
      { "/run": 204.8, "/run/lock": 5, "/tmp": 204.8, "/dev/shm": 153.6 },
      51.2,
    ],
    [
      "64 MiB: /run has what systemd wants",
      { limit: 64 * mebibyte },
      { "/run": 24, "/run/lock": 0.6, "/tmp": 12.8, "/dev/shm": 9.6 },
      3.2,
    ],
    [
      "/dev/shm as it was asked for",
      { limit: 64 * mebibyte, shmSize: 1024 * mebibyte },
      { "/run": 24, "/run/lock": 0.6, "/tmp": 12.8, "/dev/shm": 1024 },
      3.2,
    ],
    [
      "strict: one for all users, since logind may mount none",
      { limit: 1024 * mebibyte, profile: "strict" },
      { "/run": 204.8, "/run/lock": 5, "/run/user": 51.2, "/tmp": 204.8, "/dev/shm": 153.6 },
      51.2,
    ],
  ])("%s", (_, request, expected, user) => {
    const needs = of(request);
    expect(sizes(needs)).toEqual(expected);
    expect(needs.user === undefined ? undefined : Math.round((needs.user.size / mebibyte) * 10) / 10).toBe(
      user,
    );
  });

  // 1.5 KiB is what a file takes of the kernel's memory at most, beside its bytes.
  test.each([64, 128, 512, 4096])(
    "under a limit of %d MiB users fill half of it at most, files without bytes included",
    (megabytes) => {
      for (const profile of ["full", "strict", "privileged"] as const) {
        const limit = megabytes * mebibyte;
        const { tmpfs, shm, user = { size: 0, inodes: 0 } } = of({ limit, profile });
        const filled = [...tmpfs.filter(({ mode }) => mode === "1777"), shm, user];
        expect(filled).toHaveLength(4);
        expect(filled.reduce((sum, { size, inodes }) => sum + size + inodes * 1536, 0)).toBeLessThanOrEqual(
          limit / 2,
        );
      }
    },
  );

  test("whole pages, and an inode for each two", () => {
    for (const { size, inodes } of of({ limit: 100_000_001 }).tmpfs)
      expect([size % 4096, inodes]).toEqual([0, Math.floor(size / 8192)]);
  });
});

test("logind is told what a user's directory holds, and only under a limit", () => {
  expect(renderLogin(of({ limit: 64 * mebibyte }))).toBe(
    "[Login]\nRuntimeDirectorySize=3354624\nRuntimeDirectoryInodesMax=409\n",
  );
  expect(renderLogin(of())).toBeUndefined();
  expect(renderLogin(of({ init: "sysvinit", limit: 64 * mebibyte }))).toBeUndefined();
});

describe("a tmpfs of somebody else's", () => {
  const needs = of({ limit: 1024 * mebibyte });
  const [tmp = { size: 0, inodes: 0 }] = needs.tmpfs.filter(({ target }) => target === "/tmp");
  const [run = { size: 0, inodes: 0 }] = needs.tmpfs.filter(({ target }) => target === "/run");
  test.each<[string, string, readonly string[], readonly string[]]>([
    ["no size, at a place of berth's", "/run", ["noexec"], [`size=${run.size}`, `nr_inodes=${run.inodes}`]],
    ["no size, at /dev/shm", "/dev/shm", [], [`size=${needs.shm.size}`, `nr_inodes=${needs.shm.inodes}`]],
    ["no size, elsewhere: as /tmp", "/srv", ["mode=700"], [`size=${tmp.size}`, `nr_inodes=${tmp.inodes}`]],
    ["a size", "/tmp", ["size=64m"], ["nr_inodes=8192"]],
    ["the last of two sizes", "/tmp", ["size=1g", "size=65536"], ["nr_inodes=16"]],
    ["a size in pages", "/tmp", ["nr_blocks=1024"], ["nr_inodes=512"]],
    ["a share of the host's memory", "/tmp", ["size=10%"], [`nr_inodes=${tmp.inodes}`]],
    ["a size and files", "/tmp", ["size=64m", "nr_inodes=7"], []],
    ["files alone", "/tmp", ["nr_inodes=7"], [`size=${tmp.size}`]],
    ["no end, said by 0", "/tmp", ["size=0"], []],
    ["one that is read-only", "/srv", ["ro"], []],
  ])("%s", (_, target, options, added) => {
    expect(boundTmpfs(target, options, needs)).toEqual([...options, ...added]);
  });
});

test("programs run from all but /dev/shm; elsewhere nothing is said", () => {
  expect(placeOptions("/tmp")).toEqual(["nosuid", "nodev", "exec", "mode=1777"]);
  expect(placeOptions("/dev/shm")).toEqual(["nosuid", "nodev", "noexec", "mode=1777"]);
  expect(placeOptions("/srv")).toEqual([]);
  expect(
    tmpfsOptions({ target: "/run", mode: "755", copyUp: true, size: 8192, inodes: 16 }).slice(-2),
  ).toEqual(["size=8192", "nr_inodes=16"]);
});

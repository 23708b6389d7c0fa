import { describe, expect, test } from "bun:test";
import { contractTmpfs } from "#contract/tmpfs.ts";
import type { OciConfig, OciMount } from "./config.ts";
import { askedShmSize, boundMount, memoryLimit } from "./tmpfs.ts";

const shm = (size: string, source = "shm"): OciMount => ({
  destination: "/dev/shm",
  type: "tmpfs",
  source,
  options: ["nosuid", "noexec", "nodev", "mode=1777", size],
});
const config = (...mounts: OciMount[]): OciConfig => ({
  ociVersion: "1",
  process: { args: [] },
  root: { path: "r" },
  mounts,
});
const needs = contractTmpfs(2 ** 34, {
  init: "systemd",
  profile: "full",
  limit: 2 ** 27,
  shmSize: undefined,
});

test.each([
  ["Docker's own size", shm("size=67108864"), undefined],
  ["containerd's", shm("size=65536k"), undefined],
  ["one that was asked for", shm("size=1073741824"), 2 ** 30],
  ["a mount of the user's", shm("size=67108864", "tmpfs"), undefined],
  ["a bind", { destination: "/dev/shm", type: "bind", source: "/srv", options: ["rbind"] }, undefined],
] as const)("what was asked for /dev/shm: %s", (_, mount, bytes) =>
  expect(askedShmSize(config(mount as OciMount))).toBe(bytes),
);

test.each([
  [undefined, undefined],
  [-1, undefined],
  [0, undefined],
  [2 ** 27, 2 ** 27],
  ["\u0000integer:9223372036854771712", undefined],
])("a memory limit of %p is %p", (limit, bytes) => {
  const memory = limit === undefined ? {} : { memory: { limit: limit as number } };
  expect(memoryLimit({ ...config(), linux: { resources: memory } })).toBe(bytes);
});

describe("mounts of the engine's and the user's", () => {
  test("/dev/shm holds the machine's share, or what was asked for, and so many files", () => {
    expect(boundMount(shm("size=67108864"), needs).options).toEqual([
      ...["nosuid", "nodev", "noexec", "mode=1777"],
      ...[`size=${needs.shm.size}`, `nr_inodes=${needs.shm.inodes}`],
    ]);
    const asked = contractTmpfs(2 ** 34, {
      init: "systemd",
      profile: "full",
      limit: 2 ** 27,
      shmSize: 2 ** 30,
    });
    expect(boundMount(shm("size=1073741824"), asked).options).toContain("size=1073741824");
  });

  test("a size of the user's stays, be it the engine's own", () => {
    expect(boundMount(shm("size=67108864", "tmpfs"), needs).options).toEqual([
      ...(shm("size=67108864").options ?? []),
      "nr_inodes=8192",
    ]);
  });

  test.each<OciMount>([
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"] },
    { destination: "/tmp", type: "bind", source: "/srv", options: ["rbind"] },
    { destination: "/srv", type: "tmpfs", source: "tmpfs", options: ["ro"] },
  ])("$destination, $type, stays as it is", (mount) => expect(boundMount(mount, needs)).toEqual(mount));
});

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseProcCover } from "./proc-mount.ts";

const mountOf = (id: number, parent: number, point: string, options = "rw,nosuid") =>
  `${id} ${parent} 0:${id} / ${point} ${options} shared:9 - proc proc rw`;
const over = (id: number, parent: number, point: string, type = "tmpfs") =>
  `${id} ${parent} 0:7 / ${point} rw - ${type} ${type} rw`;
const proc = mountOf(22, 1, "/proc");
const real = (name: string) => readFileSync(`${import.meta.dir}/testdata/${name}.mountinfo`, "utf8");

test.each<[string, string[], string | undefined]>([
  ["a procfs as it was mounted", [proc], undefined],
  ["a file over one of its files", [proc, over(30, 22, "/proc/kcore")], "/proc/kcore"],
  [
    "what the kernel keeps a place for",
    [proc, over(30, 22, "/proc/sys/fs/binfmt_misc", "autofs"), over(31, 22, "/proc/fs/nfsd", "nfsd")],
    undefined,
  ],
  [
    "the same on Xen and on SPARC",
    [proc, over(30, 22, "/proc/xen", "xenfs"), over(31, 22, "/proc/openprom", "openpromfs")],
    undefined,
  ],
  ["one below such a place", [proc, over(30, 22, "/proc/xen/x")], "/proc/xen/x"],
  [
    "two at such a place",
    [proc, over(30, 22, "/proc/sys/fs/binfmt_misc", "autofs"), over(31, 30, "/proc/sys/fs/binfmt_misc")],
    undefined,
  ],
  ["/proc/sys, read-only over itself", [proc, "30 22 0:22 /sys /proc/sys ro - proc proc rw"], "/proc/sys"],
  ["a read-only one", [mountOf(22, 1, "/proc", "ro,nosuid")], "/proc"],
  [
    "a second one that is whole, wherever",
    [proc, over(30, 22, "/proc/cpuinfo", "fuse.lxcfs"), mountOf(31, 1, "/run/host/proc")],
    undefined,
  ],
  [
    "one that lies hidden below another",
    [proc, mountOf(23, 22, "/proc"), over(30, 23, "/proc/cpuinfo")],
    "/proc/cpuinfo",
  ],
  [
    "a directory of it alone",
    [proc, over(30, 22, "/proc/kcore"), "31 1 0:22 /sys /x/sys rw - proc proc rw"],
    "/proc/kcore",
  ],
  ["none in sight", [over(30, 1, "/process/x"), over(31, 1, "/")], undefined],
  ["a host with systemd", [real("v2")], undefined],
  ["a hybrid host", [real("hybrid")], undefined],
])("%s", (_, lines, expected) => {
  expect(parseProcCover(lines.join("\n"))).toBe(expected);
});

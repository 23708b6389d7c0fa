import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";
import { inTurns } from "./renew-lxcfs.ts";

test.each<[readonly (readonly number[])[], readonly number[]]>([
  [[], []],
  [
    [[1, 2, 3, 4], [5], [6, 7]],
    [1, 5, 6, 2, 7, 3, 4],
  ],
])("%j in turns", (groups, order) => {
  expect(inTurns(groups)).toEqual(order);
});

const hasLxcfs = isRoot && existsSync("/dev/fuse") && Bun.which("lxcfs") !== null;

test.skipIf(!hasLxcfs)("what there was no time for is told (needs root, /dev/fuse and lxcfs)", async () => {
  const place = "/run/lxcfs";
  const start = `chmod 755 /run; mkdir ${place}; lxcfs -p /run/lxcfs.pid ${place} >/dev/null 2>&1 & until [ -e ${place}/proc/uptime ]; do sleep 0.05; done`;
  const program = `const { renewMachinesLxcfs } = await import(${JSON.stringify(import.meta.resolve("./renew-lxcfs.ts"))});
    try { return await renewMachinesLxcfs("false", 0); }
    finally { process.kill(Number(require("node:fs").readFileSync("/run/lxcfs.pid", "utf8")), "SIGKILL"); }`;
  expect(await inMounts(program, start)).toEqual({
    renewed: 0,
    warnings: ["machines may keep their dead lxcfs: checking all of them takes longer than 0 s"],
  });
});

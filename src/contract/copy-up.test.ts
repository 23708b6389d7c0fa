import { expect, test } from "bun:test";
import { type Contents, planCopyUp } from "./copy-up.ts";

const run = { target: "/run", mode: "755", copyUp: true, size: 8 * 1024 ** 2, inodes: 100 };
const lock = { ...run, target: "/run/lock", copyUp: false };
const small: Contents = { bytes: 4096, inodes: 3, odd: undefined, closed: undefined, deep: undefined };

test.each<[string, Contents, string | undefined]>([
  ["files that fit", small, undefined],
  ["as much as there is room for", { ...small, bytes: run.size, inodes: run.inodes }, undefined],
  [
    "a FIFO",
    { ...small, odd: "/run/initctl" },
    "/run/initctl is no file, directory or link, and cannot be copied",
  ],
  [
    "a file that the machine may not read",
    { ...small, closed: "/run/secret" },
    "the owner or the group of /run/secret is beyond the machine's ids, and the machine may not read it",
  ],
  [
    "a directory far below",
    { ...small, deep: `/run${"/d".repeat(65)}` },
    `/run${"/d".repeat(38)}… lies too deep`,
  ],
  ["too much", { ...small, bytes: run.size + 1 }, "it takes 9M, and /run holds 8M"],
  ["too many", { ...small, inodes: 101 }, "it is more than the 100 files that /run holds"],
])("%s", (_, contents, obstacle) => {
  const { tmpfs, warnings } = planCopyUp([run, lock], () => contents);
  expect(tmpfs).toEqual([{ ...run, copyUp: obstacle === undefined }, lock]);
  expect(warnings).toEqual(
    obstacle === undefined ? [] : [`what the image has in /run is left out: ${obstacle}`],
  );
});

test("more files are not copied than a start can wait for", () => {
  const large = { ...run, inodes: 1_000_000 };
  const asked: number[] = [];
  const { warnings } = planCopyUp([large], (_, most) => {
    asked.push(most);
    return { ...small, inodes: most + 1 };
  });
  expect(asked).toEqual([100_000]);
  expect(warnings).toEqual([
    "what the image has in /run is left out: it is more than 100000 files, which take too long to copy",
  ]);
});

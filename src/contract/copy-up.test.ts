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
    "/run/initctl has an unsupported type (only files, directories and links)",
  ],
  [
    "a file that the machine may not read",
    { ...small, closed: "/run/secret" },
    "the machine cannot read /run/secret: its owner or group is outside the machine's ids",
  ],
  [
    "a directory far below",
    { ...small, deep: `/run${"/d".repeat(65)}` },
    `/run${"/d".repeat(38)}… is nested too deeply`,
  ],
  ["too much", { ...small, bytes: run.size + 1 }, "9M exceed the 8M of /run"],
  ["too many", { ...small, inodes: 101 }, "more than the 100 files of /run"],
])("%s", (_, contents, obstacle) => {
  const { tmpfs, warnings } = planCopyUp([run, lock], () => contents);
  expect(tmpfs).toEqual([{ ...run, copyUp: obstacle === undefined }, lock]);
  expect(warnings).toEqual(
    obstacle === undefined ? [] : [`not copying the image's files in /run: ${obstacle}`],
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
    "not copying the image's files in /run: more than 100000 files take too long to copy",
  ]);
});

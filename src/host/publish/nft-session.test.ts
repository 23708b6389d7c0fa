import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNftSession } from "./nft-session.ts";

/** As `nft -i` is: no word of what it carries out, an error of what it refuses, an end with its input. */
const nft = `#!/bin/sh
while read -r line; do
  case $line in
    describe*) echo 'payload expression' ;;
    wrong*) echo "Error: $line" >&2 ;;
    die) exit 1 ;;
  esac
done
`;
const { PATH } = process.env;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-nft-"));
  await writeFile(join(directory, "nft"), nft, { mode: 0o755 });
  process.env.PATH = `${directory}:${PATH}`;
});
afterEach(async () => {
  process.env.PATH = PATH;
  await rm(directory, { recursive: true });
});

test("a session lives until it is closed", async () => {
  const session = await openNftSession("add table inet a");
  expect([session.errors, session.hasEnded]).toEqual(["", false]);
  await session.close();
  expect(session.hasEnded).toBe(true);
});

test("what nft says of a line that it refuses is kept", async () => {
  const session = await openNftSession("wrong");
  await session.close();
  expect(session.errors).toBe("Error: wrong\n");
});

test("one that dies of its line has ended", async () => {
  const session = await openNftSession("die");
  await session.ended;
  expect(session.hasEnded).toBe(true);
});

test("without a program of that name it is not started", async () => {
  process.env.PATH = join(directory, "none");
  await expect(openNftSession("add table inet a")).rejects.toMatchObject({
    code: "tool-missing",
    message: "nft is not installed",
  });
});

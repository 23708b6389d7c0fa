import { expect, test } from "bun:test";
import { once } from "node:events";
import { installHint } from "#linux/package.ts";
import { readPackageManager } from "./package-manager.ts";
import { spawn } from "./spawn.ts";
import { readOutput, spawnPiped } from "./spawn-quick.ts";
import { isNotInstalled, startError } from "./start-error.ts";

async function failureOf(start: () => unknown): Promise<unknown> {
  try {
    await start();
  } catch (error) {
    return error;
  }
  throw new Error("it was started");
}

const ways = [
  ["spawn", (program: string) => once(spawn(program, []), "exit")],
  ["spawnPiped", (program: string) => spawnPiped([program])],
  ["readOutput", (program: string) => readOutput([program], 1000)],
] as const;

test.each(ways)("%s tells a program that is not installed from one that cannot be run", async (_, start) => {
  expect(isNotInstalled(await failureOf(() => start("no-such-program")))).toBe(true);
  expect(isNotInstalled(await failureOf(() => start("/etc/passwd")))).toBe(false);
});

test("of one that is not installed the package is named", async () => {
  const cause = Object.assign(new Error("spawn nft ENOENT"), { code: "ENOENT" });
  expect(startError("nft", cause)).toMatchObject({
    code: "tool-missing",
    message: "nft is not installed",
    hint: installHint("nft", readPackageManager()),
  });
  expect(startError("something", cause).hint).toBeUndefined();
});

test("of another the reason is told", () => {
  const cause = Object.assign(new Error("spawn nft EACCES"), { code: "EACCES" });
  expect(startError("nft", cause)).toMatchObject({
    code: "tool-failed",
    message: "cannot start nft: spawn nft EACCES",
  });
});

test("what a program printed counts whatever its status, and nothing that comes too late", () => {
  expect(readOutput(["sh", "-c", "echo told; exit 2"], 10_000)).toBe("told\n");
  expect(readOutput(["sh", "-c", "echo early; exec sleep 60"], 200)).toBeUndefined();
});

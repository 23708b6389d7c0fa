import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { inits } from "#contract/init.ts";
import { readLauncher } from "#libexec/read-launcher.ts";
import { hostDirectory, stageDirectory, stateFile, stateMark } from "#oci/machine-state.ts";

test("a seventh init is known to the launcher by its entry in the table", async () => {
  const longer = { ...inits, dinit: { ...inits.runit, endings: ["/dinit"] } };
  expect((await readLauncher(longer)).includes('\n/dinit"\n"dinit"')).toBe(true);
  expect((await readLauncher()).includes("dinit")).toBe(false);
});

test("the launcher names no file of a state that berth does not know", async () => {
  const directories = [hostDirectory, stageDirectory, `${stageDirectory}/root`];
  const known = [stateMark, ...directories, ...Object.values(stateFile)];
  const found = (await readLauncher()).matchAll(/\$machine\/([a-z][a-z-]*(?:\/[a-z]+)?)/g);
  const named = [...found].map(([, name]) => name);
  expect(named.filter((name) => name === undefined || !known.includes(name))).toEqual([]);
  expect(named).toContain(stateMark);
});

test("the launcher calls berth by no verb and no option that it does not have", async () => {
  const program = join(import.meta.dir, "../../src/bin/berth.ts");
  const usage = spawnSync(process.execPath, [program, "runtime", "none"], { encoding: "utf8" }).stderr;
  const lines = usage.replaceAll(/\n {4,}/g, " ");
  const parse = (text: string, call: RegExp) =>
    [...text.matchAll(call)].map(([, verb = "", words = ""]) => ({
      verb,
      options: [...words.matchAll(/--[a-z]+/g)].map(([option]) => option),
    }));
  const known = parse(lines, /berth runtime ([a-z]+)(.*)/g);
  const launcher = (await readLauncher()).replaceAll("\\\n", "");
  const calls = parse(launcher, /"\$berth" runtime ([a-z]+)(.*)/g);
  expect(calls.map(({ verb }) => verb).toSorted()).toEqual([
    ...["create", "delete", "end", "exec", "mirror", "restore", "rmdir"],
  ]);
  for (const { verb, options } of calls) {
    const allowed = known.find((one) => one.verb === verb)?.options ?? [];
    expect({ verb, unknown: options.filter((option) => !allowed.includes(option)) }).toEqual({
      verb,
      unknown: [],
    });
  }
});

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { registry } from "#cli/registry.ts";
import { createStyle } from "#cli/render/color.ts";
import { renderError } from "#cli/render/error.ts";
import { BerthError } from "#errors.ts";
import { berth, berthOrExit, machineFile, runBerth, top } from "./demo/berth.ts";
import { takeDown } from "./demo/down.ts";
import { prepareEngine } from "./demo/engine.ts";

// `npm run demo`: two machines on the available engine, or on berth's own. `npm run demo -- --down` removes
// everything.
const usage = "usage: npm run demo [-- --down]";

function wantsDown(): boolean {
  try {
    return parseArgs({ options: { down: { type: "boolean", default: false } } }).values.down;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(top, "scripts/build.ts")], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 130);
}

interface Sight {
  readonly command: readonly string[];
  /** Which lines of its output are shown; all by default. */
  readonly shown?: RegExp;
  readonly expected: RegExp;
}

/** What shows that these are machines, and that they know each other by name. */
const sights: readonly Sight[] = [
  { command: ["exec", "demo-web", "systemctl", "is-system-running"], expected: /^running$/m },
  {
    command: ["exec", "demo-web", "systemctl", "--failed", "--no-pager"],
    expected: /^0 loaded units listed/m,
  },
  { command: ["exec", "demo-db", "systemctl", "is-system-running"], expected: /^running$/m },
  { command: ["exec", "demo-db", "wget", "-qO-", "http://demo-web/"], shown: /<title>/, expected: /nginx/ },
];

/** Runs each and shows it as typed. Returns how many were not as they should be. */
async function showAll(): Promise<number> {
  let wrong = 0;
  for (const { command, shown, expected } of sights) {
    console.log(`\n$ berth ${command.join(" ")}${shown === undefined ? "" : ` | grep '${shown.source}'`}`);
    const { status, stdout } = await runBerth(command, true);
    const lines = stdout.trimEnd().split("\n");
    console.log((shown === undefined ? lines : lines.filter((line) => shown.test(line))).join("\n"));
    if (status === 0 && expected.test(stdout)) continue;
    wrong += 1;
    console.log(`  which is not as it should be (status ${status})`);
  }
  return wrong;
}

const suggestions: readonly (readonly [verb: string, rest: string])[] = [
  ["ls", ""],
  ["shell", "demo-web"],
  ["exec", "demo-web systemctl status nginx"],
  ["logs", "demo-web"],
  ["stop", "demo-db"],
  ["start", "demo-db"],
  ["doctor", ""],
];

function sayWhatNext(): void {
  const known = new Set(registry.map(({ name }) => name));
  console.log("\nTry next:");
  for (const [verb, rest] of suggestions)
    if (known.has(verb)) console.log(`  ${berth} ${verb} ${rest}`.trimEnd());
  console.log("It is all described in examples/demo/berth.yaml. To remove it again:");
  console.log("  npm run demo -- --down");
}

async function main(): Promise<number> {
  const isDown = wantsDown();
  build();
  if (isDown) {
    if (!(await takeDown())) return 1;
    console.log("Nothing of the demo is left; the Debian packages and node_modules stay.");
    return 0;
  }
  const began = performance.now();
  await prepareEngine();
  console.log(
    "Machines: examples/demo/berth.yaml (the first time, Debian is built from its\npackages: about a minute)\n",
  );
  await berthOrExit("up", "--file", machineFile);
  console.log(`\nBoth run, ${((performance.now() - began) / 1000).toFixed(1)} s after the start.`);
  const wrong = await showAll();
  sayWhatNext();
  return wrong === 0 ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof BerthError)) throw error;
  process.stderr.write(renderError(error, { style: createStyle(false), width: process.stderr.columns }));
  process.exit(error.exitStatus);
}

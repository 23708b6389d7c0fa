import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Release } from "#lab/cache.ts";
import { canMakeLab } from "#lab/lab.ts";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { findChanges, readHostState } from "./test/leftovers.ts";
import { type Report, renderTotals } from "./test/report.ts";
import { runSuite, type Suite, type SuiteResult, testEnvironment, top } from "./test/run.ts";
import { findRoots, findTestFiles, type Plan, planSuites, type Root } from "./test/suites.ts";

// `npm test [-- PATTERN…]`: the test files whose path holds a pattern, unit tests and real engines; see
// CONTRIBUTING.md.
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Shows a suite's result at once: a line, and all it wrote when something failed. */
function show({ suite, took, output, ...report }: SuiteResult): void {
  console.log(
    `${report.failed.length === 0 ? "ok    " : "FAILED"} ${suite.name}: ${renderTotals([report])} (${seconds(took)})`,
  );
  if (report.failed.length > 0) console.log(`${output.replace(/^/gm, "    ")}`);
}

async function runAll(
  suites: readonly Suite[],
  atOnce: number,
  directory: string,
): Promise<readonly SuiteResult[]> {
  const waiting = [...suites];
  const results: SuiteResult[] = [];
  const lane = async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const result = await runSuite(suite, directory);
      show(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

/** Builds or finds the roots concurrently. Prints build failures here; the tests that need the root fail. */
async function prepareRoots(roots: readonly Root[]): Promise<void> {
  const began = performance.now();
  const names = roots
    .map(({ kind, release }) => (kind === "labImage" ? release : `${release}'s engine`))
    .join(", ");
  if (roots.length === 0) return;
  const timer = setInterval(
    () => console.log(`roots: ${names} … ${seconds(performance.now() - began)}`),
    10_000,
  );
  const built = await Promise.allSettled(
    roots.map(({ kind, release }) =>
      kind === "labImage" ? labImage(release as Release) : labEngineRoot(release as "trixie" | "sid"),
    ),
  );
  clearInterval(timer);
  for (const result of built) if (result.status === "rejected") console.log(`roots: ${result.reason}`);
  console.log(`roots: ${names} (${seconds(performance.now() - began)})`);
}

/**
 * Engines of different files do not meet: each has namespaces and a temporary directory of its own. So two at
 * a time, for two processors.
 */
async function runPlan(plan: Plan, directory: string): Promise<readonly Report[]> {
  const withEngines = [...plan.lab, ...plan.engines];
  const roots =
    withEngines.length > 0 && (await canMakeLab())
      ? await findRoots(withEngines.flatMap(({ files }) => files))
      : [];
  const [unit] = await Promise.all([runAll(plan.unit, 1, directory), prepareRoots(roots)]);
  const lab = await runAll(plan.lab, 1, directory);
  return [...unit, ...lab, ...(await runAll(plan.engines, 2, directory))];
}

/** What changed on the host meanwhile, as failures. */
async function compareHost(before: readonly string[]): Promise<Report> {
  const changes = await findChanges(before);
  return {
    passed: 0,
    failed: changes.map((trace) => `left behind on the host: ${trace}`),
    skipped: [],
    notes: [],
  };
}

function summarize(reports: readonly Report[]): void {
  const all = (list: (report: Report) => readonly string[]) => reports.flatMap(list);
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  };
  section(
    "Skipped, with what they need:",
    all(({ skipped }) => skipped),
  );
  section("Not looked at:", [...new Set(all(({ notes }) => notes))]);
  section(
    "Failed:",
    all(({ failed }) => failed),
  );
}

async function main(): Promise<number> {
  const patterns = process.argv.slice(2);
  const plan = planSuites(await findTestFiles(), patterns);
  if (plan.unit.length + plan.lab.length + plan.engines.length === 0) {
    console.log(
      patterns.length === 0 ? "There are no tests." : `No test file's path holds ${patterns.join(" or ")}.`,
    );
    return 1;
  }
  const build = spawnSync(process.execPath, [join(top, "scripts/build.ts")], { stdio: "inherit" });
  if (build.status !== 0) return 1;
  process.env.BERTH_CACHE = testEnvironment().BERTH_CACHE;
  const before = await readHostState();
  const directory = await mkdtemp(join(tmpdir(), "npm-test-"));
  await chmod(directory, 0o755);
  try {
    const reports = [...(await runPlan(plan, directory)), await compareHost(before)];
    summarize(reports);
    const ran = reports.slice(0, -1).some(({ passed, failed }) => passed + failed.length > 0);
    console.log(`\n${renderTotals(reports)}`);
    return ran && reports.every(({ failed }) => failed.length === 0) ? 0 : 1;
  } finally {
    // What tests left in it stays, to be looked at.
    await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY") throw error;
    });
  }
}

process.exit(await main());

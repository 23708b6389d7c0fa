import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Release } from "#lab/cache.ts";
import { canMakeLab } from "#lab/lab.ts";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { compareHost, readHostState } from "./test/leftovers.ts";
import type { Report } from "./test/report.ts";
import { runAll, testEnvironment, top } from "./test/run.ts";
import { endScratch, makeScratch } from "./test/scratch.ts";
import { isGood, seconds, show, summarize } from "./test/show.ts";
import { findRoots, findTestFiles, type Plan, planSuites, type Root } from "./test/suites.ts";
import { prepareVm, runInVm } from "./test/vm.ts";

// `npm test [-- PATTERN…]`: the test files whose path holds a pattern, unit tests and real engines; see
// CONTRIBUTING.md.
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

/** The part in the VM (scripts/test/vm-files.ts), from its disk on. What keeps it from it is a failure. */
async function runVmPart(files: readonly string[]): Promise<readonly Report[]> {
  const nothing: Report = { passed: 0, failed: [], skipped: [], notes: [] };
  if (files.length === 0) return [];
  if (process.arch !== "x64")
    return [{ ...nothing, notes: ["a host like people have, in a VM (needs x86_64)"] }];
  const host = { suite: "sid", store: "overlay2", files } as const;
  return prepareVm(host)
    .then((ready) => runInVm(ready, host, show))
    .catch(({ message }: Error) => [{ ...nothing, failed: [`VM: ${message}`] }]);
}

/** Files with engines that run side by side: three keep two processors busy, since each waits now and then. */
const enginesAtOnce = 3;

/**
 * Unit tests run beside all else, for they wait for half of their time. Engines of different files do not
 * meet: each has namespaces and a temporary directory of its own. Until the VM is done they run in turn:
 * emulated, it keeps both processors busy, and while one of its own has to wait, the other one spins.
 */
async function runPlan(plan: Plan, directory: string): Promise<readonly Report[]> {
  const withEngines = [...plan.lab, ...plan.engines];
  const roots =
    withEngines.length > 0 && (await canMakeLab())
      ? await findRoots(withEngines.flatMap(({ files }) => files))
      : [];
  const vm = runVmPart(plan.vm);
  const runEngines = async () => {
    await prepareRoots(roots);
    const lab = await runAll(plan.lab, 1, directory, show);
    return [...lab, ...(await runAll(plan.engines, enginesAtOnce, directory, show, vm))];
  };
  return (await Promise.all([runAll(plan.unit, 1, directory, show), runEngines(), vm])).flat();
}

async function main(): Promise<number> {
  const patterns = process.argv.slice(2);
  const plan = planSuites(await findTestFiles(), patterns);
  if (plan.unit.length + plan.lab.length + plan.engines.length + plan.vm.length === 0) {
    const pattern = patterns.join(" or ");
    console.log(
      `No test file's path holds ${pattern}, or it runs in a VM alone: npm run test:vm -- ${pattern}`,
    );
    return 1;
  }
  const build = spawnSync(process.execPath, [join(top, "scripts/build.ts")], { stdio: "inherit" });
  if (build.status !== 0) return 1;
  process.env.BERTH_CACHE = testEnvironment().BERTH_CACHE;
  const before = await readHostState();
  const directory = await makeScratch();
  try {
    const reports = [...(await runPlan(plan, directory)), await compareHost(before)];
    summarize(reports);
    return isGood(reports) ? 0 : 1;
  } finally {
    await endScratch(directory);
  }
}

process.exit(await main());

import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, rmdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { leftoversOf } from "./leftovers.ts";
import { parseReport, type Report } from "./report.ts";

export const top = resolve(import.meta.dir, "../..");

/** One `bun test`. */
export interface Suite {
  readonly name: string;
  /** Test files, relative to the top. */
  readonly files: readonly string[];
  /** Milliseconds that one test may take, if it sets no limit of its own. */
  readonly testLimit: number;
  /** Milliseconds for all of it; then it is killed, and its engines with it. */
  readonly limit: number;
  /** Laid over its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface SuiteResult extends Report {
  readonly suite: Suite;
  /** Milliseconds. */
  readonly took: number;
  readonly status: number;
  /** Standard output and error together, without the lines of passed tests. */
  readonly output: string;
}

/** What tests see: no engine of the user's, and one cache of roots for all. */
export function testEnvironment(): Record<string, string | undefined> {
  const { DOCKER_HOST: _host, DOCKER_CONTEXT: _context, NAMES: _names, IMAGE: _image, ...kept } = process.env;
  return { ...kept, BERTH_CACHE: process.env.BERTH_CACHE || join(homedir(), ".cache/berth"), NO_COLOR: "1" };
}

/**
 * Runs a suite; never throws for what it does. `directory` takes its report, and its temporary directory:
 * what is still there afterwards, or runs with it, is a failure.
 */
export async function runSuite(suite: Suite, directory: string): Promise<SuiteResult> {
  const began = performance.now();
  const report = join(directory, `${suite.name.replaceAll("/", "_")}.xml`);
  const temporary = await mkdtemp(join(directory, "tmp-"));
  // mmdebstrap works in there as other users.
  await chmod(temporary, 0o755);
  const flags = [`--timeout=${suite.testLimit}`, "--reporter=junit", `--reporter-outfile=${report}`];
  const child = spawn(process.execPath, ["test", ...flags, ...suite.files.map((file) => `./${file}`)], {
    cwd: top,
    env: { ...testEnvironment(), TMPDIR: temporary, ...suite.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const timer = setTimeout(() => {
    text += `\nIt did not end within ${suite.limit / 1000} s and was killed.\n`;
    child.kill("SIGKILL");
  }, suite.limit);
  // Not "close": a process that a test left behind may hold the pipes, and is to be found, not waited for.
  const status = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => done(signal === null ? (code ?? 1) : 128));
  });
  clearTimeout(timer);
  // What it wrote last may still be in the pipes.
  await new Promise((done) => setTimeout(done, 20));
  child.stdout.destroy();
  child.stderr.destroy();
  const xml = await readFile(report, "utf8").catch(() => "");
  await rm(report, { force: true });
  const output = text.replace(/^\(pass\).*\n/gm, "").trim();
  const parsed = parseReport(xml, { what: suite.name, status, output: text });
  const left = (await leftoversOf(temporary)).map((trace) => `${suite.name}: left behind: ${trace}`);
  if (left.length === 0) await rmdir(temporary);
  return {
    ...parsed,
    failed: [...parsed.failed, ...left],
    suite,
    status,
    output,
    took: performance.now() - began,
  };
}

/**
 * Runs suites in turn, or so many side by side, and tells of each as it ends. Until `room` resolves they run in
 * turn.
 */
export async function runAll(
  suites: readonly Suite[],
  atOnce: number,
  directory: string,
  tell: (result: SuiteResult) => void,
  room: Promise<unknown> = Promise.resolve(),
): Promise<readonly SuiteResult[]> {
  const waiting = [...suites];
  const results: SuiteResult[] = [];
  const lane = async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const result = await runSuite(suite, directory);
      tell(result);
      results.push(result);
    }
  };
  await Promise.all([lane(), ...Array.from({ length: atOnce - 1 }, () => room.then(lane))]);
  return results;
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Suite, top } from "./run.ts";
import { chooseVmFiles, shortVmFiles } from "./vm-files.ts";

export interface Plan {
  /** Unit tests, in one process. */
  readonly unit: readonly Suite[];
  /**
   * Tests of the lab itself. They look at what is gone from this host, so nothing else with engines may run
   * beside them.
   */
  readonly lab: readonly Suite[];
  /** The other tests with engines, each file in a process of its own. */
  readonly engines: readonly Suite[];
  /** Files for the VM. */
  readonly vm: readonly string[];
}

const minute = 60_000;

/** Divides the test files whose path holds one of the patterns (all without any) into suites. */
export function planSuites(files: readonly string[], patterns: readonly string[]): Plan {
  const chosen = files.filter(
    (file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)),
  );
  const isEngineTest = (file: string) => file.startsWith("test/");
  const unit = chosen.filter((file) => !isEngineTest(file)).toSorted();
  const suites = chosen.filter(isEngineTest).map(
    (file): Suite => ({
      name: file.replace(/\.test\.ts$/, ""),
      files: [file],
      testLimit: 3 * minute,
      limit: 20 * minute,
    }),
  );
  return {
    unit:
      unit.length === 0
        ? []
        : [{ name: "unit tests", files: unit, testLimit: minute / 2, limit: 20 * minute }],
    lab: suites.filter(({ name }) => name.startsWith("test/e2e/lab/")),
    engines: suites.filter(({ name }) => !/^test\/e2e\/(lab|host)\//.test(name)),
    vm: chooseVmFiles(chosen, shortVmFiles, []),
  };
}

/** The largest first: these are among the longest runs, and the last of all are to end together. */
export async function findTestFiles(): Promise<readonly string[]> {
  const found: { readonly file: string; readonly size: number }[] = [];
  for (const folder of ["src", "libexec", "scripts", "bench", "examples", "test"]) {
    for await (const file of new Bun.Glob(`${folder}/**/*.test.ts`).scan({ cwd: top }))
      found.push({ file, size: Bun.file(join(top, file)).size });
  }
  return found.toSorted((one, other) => other.size - one.size).map(({ file }) => file);
}

/** A root that tests ask the lab for; built beforehand, so that no test's time goes into it. */
export interface Root {
  readonly kind: "labImage" | "labEngineRoot";
  readonly release: string;
}

/**
 * Which roots these files name: their calls `labImage("bookworm")` and `labEngineRoot("trixie")`. Others are
 * built when they are asked for.
 */
export async function findRoots(files: readonly string[]): Promise<readonly Root[]> {
  const roots = new Map<string, Root>();
  for (const file of files) {
    const text = await readFile(join(top, file), "utf8");
    for (const [call, kind, release] of text.matchAll(/\b(labImage|labEngineRoot)\("([a-z]+)"\)/g)) {
      roots.set(call, { kind: kind as Root["kind"], release: release ?? "" });
    }
  }
  return [...roots.values()];
}

import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readLauncher } from "#libexec/read-launcher.ts";

// `npm run build`: dist/berth, one program of everything, and dist/berth-runtime beside it, when a source is
// newer than they are.
const top = resolve(import.meta.dir, "..");
const dist = join(top, "dist");
const program = join(dist, "berth");
const launcher = join(dist, "berth-runtime");

/**
 * The newest change below a path, in milliseconds; directories count, since a removal shows only there. Tests
 * do not go into the program.
 */
async function newestChange(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return path.endsWith(".test.ts") ? 0 : found.mtimeMs;
  const below = await Promise.all((await readdir(path)).map((name) => newestChange(join(path, name))));
  return Math.max(found.mtimeMs, ...below);
}

async function timeMade(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

async function isCurrent(): Promise<boolean> {
  const sources = [
    "src",
    "libexec",
    "package.json",
    "tsconfig.json",
    "node_modules/.package-lock.json",
    "scripts/build.ts",
  ];
  const newest = await Promise.all(sources.map((source) => newestChange(join(top, source))));
  return Math.min(await timeMade(program), await timeMade(launcher)) > Math.max(...newest);
}

/** Under another name first: one that runs is not written to, and an interrupted build leaves the old one. */
async function build(): Promise<number> {
  const began = new Date();
  await mkdir(dist, { recursive: true });
  const unfinished = join(dist, `.berth.${process.pid}`);
  try {
    await Bun.build({
      entrypoints: [join(top, "src/bin/berth.ts")],
      // What lies in the directory that berth is called in must not load code into it, nor variables.
      compile: { outfile: unfinished, autoloadDotenv: false, autoloadBunfig: false },
      minify: true,
      bytecode: true,
      // Parts that a command does not need are not read: berth-runtime waits for every millisecond.
      splitting: true,
      format: "esm",
    });
    const version = spawnSync(unfinished, ["--version"], { encoding: "utf8" });
    if (version.status !== 0) {
      console.error(`${version.stderr}build: the new program does not start`);
      return 1;
    }
    await writeFile(`${unfinished}-runtime`, await readLauncher());
    await chmod(`${unfinished}-runtime`, 0o755);
    // What changes while this runs is newer.
    for (const file of [unfinished, `${unfinished}-runtime`]) await utimes(file, began, began);
    await rename(`${unfinished}-runtime`, launcher);
    await rename(unfinished, program);
    console.error(`build: dist/berth (${version.stdout.trim()}) and dist/berth-runtime`);
    return 0;
  } finally {
    await Promise.all([rm(unfinished, { force: true }), rm(`${unfinished}-runtime`, { force: true })]);
  }
}

const { values } = parseArgs({ options: { force: { type: "boolean", default: false } } });
if (!values.force && (await isCurrent())) process.exit(0);
process.exit(await build());

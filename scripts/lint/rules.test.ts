// biome-ignore-all lint/suspicious/noTemplateCurlyInString: one of the snippets is a template.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { top } from "../test/run.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-lint-"));
afterAll(() => rmSync(directory, { recursive: true }));

const imports = "lint/style/noRestrictedImports";
const modules = "lint/correctness/noNodejsModules";
const globals = "lint/style/noRestrictedGlobals";
const cycles = "lint/suspicious/noImportCycles";

/** A file, what stands in it, and the rule that forbids it; undefined for what is allowed. */
const snippets: readonly (readonly [file: string, code: string, rule: string | undefined])[] = [
  ...["linux", "api", "contract", "machinefile", "oci", "docker-flags", "labels", "plan"].flatMap(
    (room) =>
      [
        [`${room}/fs.ts`, 'import "node:fs";', modules],
        [`${room}/sub/deep/path.ts`, 'import "node:path";', modules],
        [`${room}/host.ts`, 'import "#host/files/sha256.ts";', imports],
        [`${room}/sub/deep/engine.ts`, 'import "#engine/images.ts";', imports],
        [`${room}/clock.ts`, "export const home = process.env.HOME;", globals],
        [`${room}/hash.ts`, 'export const bytes = Bun.file("x");', globals],
        [`${room}/errors.ts`, 'import "#errors.ts";', undefined],
      ] as const,
  ),
  ["linux/contract.ts", 'import "#contract/contract.ts";', imports],
  ["api/machinefile.ts", 'import "#machinefile/machine.ts";', imports],
  ["contract/machinefile.ts", 'import "#machinefile/machine.ts";', imports],
  ["contract/oci.ts", 'import "#oci/config.ts";', imports],
  ["machinefile/read/oci.ts", 'import "#oci/config.ts";', imports],
  ["docker-flags/labels.ts", 'import "#labels/machine.ts";', imports],
  ["labels/loader/plan.ts", 'import "#plan/machine/up.ts";', imports],
  ["plan/machine/labels.ts", 'import "#labels/machine.ts";', undefined],
  ["engine/connection/host.ts", 'import "#host/process/run.ts";', imports],
  ["engine/plan.ts", 'import "#plan/machine/up.ts";', imports],
  ["host/process/engine.ts", 'import "#engine/images.ts";', imports],
  ["host/syscall/engine.ts", 'import "#engine/images.ts";', imports],
  ["host/files/deep/engine.ts", 'import "#engine/images.ts";', imports],
  ["image/build/ops.ts", 'import "#ops/machine/up.ts";', imports],
  ["ops/runtime/daemons.ts", 'import "#daemons/mirror/serve.ts";', imports],
  ["daemons/loader/guard/cli.ts", 'import "#cli/registry.ts";', imports],
  ["daemons/loader/guard/ops.ts", 'import "#ops/machine/up.ts";', undefined],
  ["cli/frame/bin.ts", 'import "#bin/berth.ts";', imports],
  ["cli/commands/up/relative.ts", 'import "../../registry.ts";', imports],
  ["ops/relative.ts", 'import "../host/process/run.ts";', imports],
  ["ops/machine/spawn.ts", 'import "node:child_process";', imports],
  ["host/files/spawn.ts", 'import "node:child_process";', imports],
  ["host/syscall/spawn.ts", 'import "node:child_process";', imports],
  ["host/process/spawn.ts", 'import "node:child_process";', undefined],
  ["host/process/ffi.ts", 'import "bun:ffi";', imports],
  ["host/mirror/ffi.ts", 'import "bun:ffi";', imports],
  ["cli/bun.ts", 'import "bun";', imports],
  ["host/syscall/ffi.ts", 'import "bun:ffi";', undefined],
  ["ops/label.ts", 'export const name = "berth.machine";', "plugin"],
  ["plan/machine/label.ts", 'export const labels = { "foreign-root.name": 1 };', "plugin"],
  ["cli/filter.ts", "export const of = (x: string) => `berth.machine=${x}`;", "plugin"],
  ["cli/file.ts", 'export const file = "berth.yaml";', undefined],
  ["labels/machine.ts", 'export const name = "berth.machine";', undefined],
  ["ops/cycle.ts", 'import type { B } from "./cycle-b.ts";\nexport type A = B;', cycles],
  ["ops/cycle-b.ts", 'import type { A } from "#ops/cycle.ts";\nexport type B = A;', cycles],
];

const found = new Map<string, readonly string[]>();
beforeAll(async () => {
  for (const file of ["package.json", "biome.json", "scripts/lint/labels.grit"]) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    cpSync(join(top, file), join(directory, file));
  }
  for (const [file, code] of snippets) {
    mkdirSync(dirname(join(directory, "src", file)), { recursive: true });
    writeFileSync(join(directory, "src", file), `${code}\n`);
  }
  const biome = join(top, "node_modules/.bin/biome");
  const lint = Bun.spawn([biome, "lint", "--reporter=json", "--max-diagnostics=1000", "."], {
    cwd: directory,
    stderr: "ignore",
  });
  const { diagnostics } = (await new Response(lint.stdout).json()) as {
    diagnostics: readonly { category: string; location: { path: string } }[];
  };
  for (const { category, location } of diagnostics) {
    const file = location.path.replace(/^.*?src\//, "");
    found.set(file, [...(found.get(file) ?? []), category]);
  }
});

test.each(snippets)("src/%s: %s", (file, _code, rule) => {
  expect(found.get(file) ?? []).toEqual(rule === undefined ? [] : [rule]);
});

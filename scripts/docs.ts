import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { renderMachineFileReference } from "#machinefile/schema/reference.ts";

// `npm run docs`: what is made from the source in docs/: the reference of the machine file and the manual
// pages.
const top = resolve(import.meta.dir, "..");
const manual = join(top, "docs/man");

writeFileSync(join(top, "docs/machine-file.md"), renderMachineFileReference());
// Remove pages of commands that do not exist any more.
rmSync(manual, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [join(top, "src/bin/berth.ts"), "man", "--output", manual], {
  stdio: ["ignore", "ignore", "inherit"],
});
process.exit(status ?? 130);

import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Inits, inits } from "#contract/init.ts";
import { renderLauncher } from "#oci/launcher.ts";

/** The launcher's text as a build makes it, from the files beside this one. */
export async function readLauncher(table: Inits = inits): Promise<string> {
  const directory = join(import.meta.dir, "launcher");
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sh"));
  const parts = await Promise.all(
    names.map(
      async (name) => [basename(name, ".sh"), await readFile(join(directory, name), "utf8")] as const,
    ),
  );
  const template = await readFile(join(import.meta.dir, "berth-runtime"), "utf8");
  return renderLauncher({ template, parts: Object.fromEntries(parts) }, table);
}

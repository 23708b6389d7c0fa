import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EmbeddedEnginePlace, enginePaths } from "#host/embedded-engine/options.ts";
import { run } from "#host/process/run.ts";
import { importedRoot } from "./imported-root.ts";

/** Files of image layers by the layers' names, as `lentLayers` takes them. */
type Layers = Readonly<Record<string, string>>;

/**
 * Lays images, as another engine imported them, into the data of one that has not started yet: all but their
 * files, which it is to be lent. So all share one copy on the disk and in memory, read-only, as an overlay
 * has its lower layers anyway.
 */
export async function lendImages(
  place: EmbeddedEnginePlace,
  tarballs: Readonly<Record<string, string>>,
): Promise<Layers> {
  const { config, dataRoot } = enginePaths(place);
  const repositories: Record<string, Record<string, string>> = {};
  let lent: Layers = {};
  for (const [name, tarball] of Object.entries(tarballs)) {
    const imported = await importedRoot(tarball);
    if (imported === undefined) continue;
    lent = { ...lent, ...(await layImage(imported, dataRoot)) };
    const [repository = name, tag = "latest"] = name.split(":");
    const [id = ""] = await readdir(join(imported, "image/overlay2/imagedb/content/sha256"));
    repositories[repository] = { ...repositories[repository], [`${repository}:${tag}`]: `sha256:${id}` };
  }
  if (Object.keys(lent).length === 0) return lent;
  const names = JSON.stringify({ Repositories: repositories });
  await writeFile(join(dataRoot, "image/overlay2/repositories.json"), names);
  // By which an engine knows the directory for its own.
  await writeFile(config, "{}\n");
  return lent;
}

async function layImage(imported: string, dataRoot: string): Promise<Layers> {
  const [from, to] = [join(imported, "overlay2"), join(dataRoot, "overlay2")];
  await mkdir(to, { recursive: true, mode: 0o710 });
  await run("cp", ["--archive", "--", join(imported, "image"), dataRoot]);
  await run("cp", ["--archive", "--", join(from, "l"), to]);
  const layers = (await readdir(from)).filter((name) => name !== "l");
  for (const layer of layers) {
    await mkdir(join(to, layer, "diff"), { recursive: true });
    await run("cp", ["--archive", "--", join(from, layer, "link"), join(to, layer)]);
  }
  return Object.fromEntries(layers.map((layer) => [layer, join(from, layer, "diff")]));
}

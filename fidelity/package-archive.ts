import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { withLock } from "#host/process/lock.ts";
import { run } from "#host/process/run.ts";
import { readHostMirror } from "#image/build/host-mirror.ts";
import { cacheDirectory } from "#lab/cache.ts";
import { planSources } from "#plan/image/mirror.ts";
import { isDirectory } from "./roots.ts";

/**
 * A directory of the packages and all that they need beyond a root, with the index that apt reads (`deb
 * [trusted=yes] file:DIRECTORY ./`); cached by the root's packages. Machines need no network for it, so it
 * works alike in all.
 */
export async function preparePackages(
  tarball: string,
  packages: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { stdout: status } = await run("tar", [
    "--extract",
    "--to-stdout",
    "--file",
    tarball,
    "./var/lib/dpkg/status",
  ]);
  const digest = createHash("sha256")
    .update(`${packages.toSorted().join(" ")}\n${status}`)
    .digest("hex")
    .slice(0, 8);
  const cache = await cacheDirectory();
  const path = join(cache, `debs-${digest}`);
  return withLock(join(cache, ".fidelity.lock"), signal, async () => {
    if (await isDirectory(path)) return path;
    const unfinished = join(cache, "unfinished-debs");
    try {
      await removeTree(unfinished);
      await mkdir(unfinished);
      await download(unfinished, status, packages, signal);
      await writeFile(join(unfinished, "Packages"), await indexPackages(unfinished));
      await rename(unfinished, path);
    } finally {
      await removeTree(unfinished);
    }
    return path;
  });
}

/** By the host's apt with state and sources of its own, from the archive that the root came from. */
async function download(
  directory: string,
  status: string,
  packages: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const state = join(directory, "apt");
  for (const name of ["lists/partial", "cache/archives/partial"])
    await mkdir(join(state, name), { recursive: true });
  await writeFile(join(state, "status"), status);
  const mirror =
    process.env.BERTH_MIRROR || (await readHostMirror("debian")) || "http://deb.debian.org/debian";
  await writeFile(
    join(state, "sources.list"),
    `${planSources({ os: "debian", release: "bookworm" }, mirror).join("\n")}\n`,
  );
  const settings = {
    "Dir::State": state,
    "Dir::State::status": join(state, "status"),
    "Dir::State::lists": join(state, "lists"),
    "Dir::Cache": join(state, "cache"),
    "Dir::Etc::sourcelist": join(state, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "APT::Sandbox::User": "root",
    "Acquire::Retries": "2",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...options, "update", "-q"], { signal });
  const install = ["install", "-q", "-y", "--download-only", "--no-install-recommends"];
  await run("apt-get", [...options, ...install, ...packages], {
    signal,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  const archives = join(state, "cache", "archives");
  for (const file of await debs(archives)) await rename(join(archives, file), join(directory, file));
  await rm(state, { recursive: true });
}

/** deb822(5) stanzas, as a repository's Packages file has them. */
async function indexPackages(directory: string): Promise<string> {
  const stanzas: string[] = [];
  for (const file of await debs(directory)) {
    const content = await readFile(join(directory, file));
    const { stdout: control } = await run("dpkg-deb", ["--field", join(directory, file)]);
    const digest = createHash("sha256").update(content).digest("hex");
    stanzas.push(`${control.trimEnd()}\nFilename: ./${file}\nSize: ${content.length}\nSHA256: ${digest}\n`);
  }
  return stanzas.join("\n");
}

async function debs(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(".deb")).toSorted();
}

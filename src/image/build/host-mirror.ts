import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "#host/files/read-if-there.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { osReleasePaths, parseOsRelease } from "#linux/os-release.ts";
import type { System } from "#machinefile/machine.ts";
import { type AptFile, hostMirror, type Mirror, parseAptSources } from "#plan/image/mirror.ts";

/**
 * The archive that this machine takes its own packages from, if it runs that distribution. It is near,
 * allowed and known to work, which no built-in default can be. Undefined on any other host.
 */
export async function readHostMirror(os: System): Promise<Mirror | undefined> {
  const [etcRelease, usrRelease] = osReleasePaths;
  const release = (await readIfThere(etcRelease, absent)) ?? (await readIfThere(usrRelease, absent));
  if (parseOsRelease(release)?.id !== os) return undefined;
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release ?? "")?.[1];
  const symbolic = os === "debian" ? ["stable", "testing", "sid", "unstable", "oldstable"] : [];
  return hostMirror(parseAptSources(await readAptFiles()), [
    ...(codename === undefined ? [] : [codename]),
    ...symbolic,
  ]);
}

/** In the order in which apt reads them: sources.list(5). */
async function readAptFiles(): Promise<readonly AptFile[]> {
  const directory = "/etc/apt/sources.list.d";
  const names = (await listIfThere(directory)).filter((name) => /\.(list|sources)$/.test(name)).sort();
  const files: AptFile[] = [];
  for (const name of ["/etc/apt/sources.list", ...names.map((name) => join(directory, name))]) {
    const text = await readIfThere(name, absent);
    if (text !== undefined) files.push({ name, text });
  }
  return files;
}

async function listIfThere(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasErrno(error, absent)) return [];
    throw error;
  }
}

/** Sources with a password are not world-readable: treat an unreadable file like a missing one. */
const absent = ["ENOENT", "EACCES"];

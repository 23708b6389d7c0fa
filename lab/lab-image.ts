import { createHash } from "node:crypto";
import { access, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { withLock } from "#host/process/lock.ts";
import { run } from "#host/process/run.ts";
import { cacheDirectory, mirrorArguments, type Release } from "./cache.ts";

/** A small Debian that boots: an init, its bus, and enough to look at its network. */
const bootable = ["systemd", "systemd-sysv", "dbus", "iproute2", "iputils-ping"] as const;
/** An engine's own root: dockerd and all it calls. */
const engine = [
  "docker.io",
  "iptables",
  "iproute2",
  "tini",
  "ca-certificates",
  "iputils-ping",
  "procps",
] as const;

/** What the example makes its mail server's root with. */
const mailExample = resolve(import.meta.dir, "../examples/mail-on-swarm");

/** A root tarball of a release, built by mmdebstrap when it is not cached yet (about 30 s): its path. */
export async function labImage(release: Release, packages: readonly string[] = bootable): Promise<string> {
  return cached(`${release}-${digest(packages)}.tar`, (path) => debian(release, packages, path));
}

/**
 * A root directory with the release's Docker, to be given as an engine's `rootDirectory`; engines do not
 * change it.
 */
export async function labEngineRoot(release: "trixie" | "sid"): Promise<string> {
  return cached(`engine-${release}-${digest(engine)}`, (path) => debian(release, engine, path));
}

/** A root tarball with postfix and dovecot, which takes mail for its users: the example's own. */
export async function labMailRoot(): Promise<string> {
  const makeRoot = join(mailExample, "make-root");
  const sources = await Promise.all(
    [makeRoot, join(mailExample, "set-up")].map((file) => readFile(file, "utf8")),
  );
  return cached(`mail-${digest(sources)}.tar`, async (path) => {
    await run(makeRoot, [path]);
  });
}

async function debian(release: Release, packages: readonly string[], path: string): Promise<void> {
  await run("mmdebstrap", [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    // An archive's snapshot may be older than its Release file allows.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    release,
    path,
    ...mirrorArguments(),
  ]);
}

/**
 * Builds under another name and renames, so that what is in the cache is whole; two at once build it once.
 */
export async function cached(name: string, build: (path: string) => Promise<void>): Promise<string> {
  const directory = await cacheDirectory();
  const path = join(directory, name);
  if (await exists(path)) return path;
  return withLock(join(directory, `.${name}.lock`), undefined, async () => {
    if (await exists(path)) return path;
    // mmdebstrap derives the format from the name, so a tarball's must end in .tar.
    const unfinished = join(directory, `unfinished-${name}`);
    await removeTree(unfinished);
    try {
      await build(unfinished);
      await rename(unfinished, path);
    } finally {
      await removeTree(unfinished);
    }
    return path;
  });
}

export function digest(packages: readonly string[]): string {
  return createHash("sha256").update(packages.toSorted().join(" ")).digest("hex").slice(0, 8);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

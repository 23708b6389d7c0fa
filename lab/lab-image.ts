import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { run } from "#host/process/run.ts";
import { cached, mirrorArguments, type Release } from "./cache.ts";

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

export function digest(packages: readonly string[]): string {
  return createHash("sha256").update(packages.toSorted().join(" ")).digest("hex").slice(0, 8);
}

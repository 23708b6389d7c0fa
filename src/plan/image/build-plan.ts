import { BerthError } from "#errors.ts";
import { ociArchitecture } from "#linux/architecture.ts";
import type { ScratchImage, System } from "#machinefile/machine.ts";
import { parsePackage, parseRelease } from "#machinefile/value/image.ts";
import { parseImageName } from "#machinefile/value/name.ts";
import { builtinImages, machinePackages } from "./builtin.ts";
import type { Sha256 } from "./content.ts";

/** Raise it if the same arguments now build another root, so that existing images are rebuilt. */
const recipeVersion = 1;

export interface BuildPlan {
  readonly name: string;
  /** mmdebstrap(1)'s arguments for a tarball at that path. */
  readonly command: (target: string) => readonly string[];
  /** Under which reference the engine keeps the image. */
  readonly repository: string;
  readonly tag: string;
  /** SHA-256, in hex, of everything that determines the result but the state of the archive on that day. */
  readonly digest: string;
  /** The file with the archive's keys, which must be where mmdebstrap runs. */
  readonly keyring: string;
  /** That file, and those that the sources name. */
  readonly keyrings: readonly string[];
}

/** Debian's architecture names for those that berth runs on (node's `process.arch`). */
export function debianArchitecture(arch: string): string {
  const name = ociArchitecture(arch);
  if (!["amd64", "arm64"].includes(name))
    throw new BerthError(
      "host-unfit",
      `unsupported architecture ${arch} for building a root (amd64 or arm64)`,
    );
  return name;
}

export const keyrings: Readonly<Record<System, string>> = {
  debian: "/usr/share/keyrings/debian-archive-keyring.gpg",
  ubuntu: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
};

/** Ubuntu's universe holds much of what Debian has in main. */
const components: Readonly<Record<System, string>> = { debian: "main", ubuntu: "main,universe" };

/**
 * Plans the build of a recipe's image. `sources` are sources.list(5) lines (none: mmdebstrap's own default,
 * which includes updates); `architecture` is Debian's name. A built-in recipe under its own name always gets
 * the reference `berth/debian-12:latest`; any other gets its digest as tag, so that two projects can use one
 * name for two recipes. Throws `usage` for an invalid name, release or package.
 */
export function planBuild(
  name: string,
  spec: ScratchImage,
  sources: readonly string[],
  architecture: string,
  sha256: Sha256,
): BuildPlan {
  // Check these again here: they become part of a reference and of apt's input.
  parseImageName(name);
  parseRelease(spec.release);
  const packages = [...new Set([...machinePackages, ...spec.packages.map(parsePackage)])];
  const command = (target: string): readonly string[] => [
    `--variant=${spec.variant ?? "minbase"}`,
    "--format=tar",
    `--architectures=${architecture}`,
    `--components=${components[spec.os]}`,
    `--include=${packages.join(",")}`,
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    "--",
    spec.release,
    target,
    ...sources,
  ];
  const digest = sha256(JSON.stringify([recipeVersion, spec.os, command("")]));
  return {
    name,
    command,
    repository: `berth/${name}`,
    tag: isBuiltin(name, spec) ? "latest" : digest.slice(0, 12),
    digest,
    keyring: keyrings[spec.os],
    keyrings: [...new Set([keyrings[spec.os], ...sources.flatMap(signedBy)])],
  };
}

/** The files of keys in a line of sources.list(5): `[signed-by=FILE,FILE]`. Fingerprints are no files. */
function signedBy(line: string): readonly string[] {
  const value = /^deb\s+\[[^\]]*\bsigned-by=([^\]\s]+)/.exec(line)?.[1] ?? "";
  return value.split(",").filter((path) => path.startsWith("/"));
}

/** The mirror is where the same packages come from, so it does not make another image of a built-in one. */
function isBuiltin(name: string, spec: ScratchImage): boolean {
  const builtin = builtinImages.get(name);
  const essence = ({ os, release, packages, variant }: ScratchImage) =>
    JSON.stringify([os, release, packages, variant ?? "minbase"]);
  return builtin !== undefined && essence(builtin) === essence(spec);
}

/**
 * mmdebstrap runs each with the root's path as $1. It empties /etc/machine-id and removes apt's lists and
 * cache, the package tools' logs and /run itself; the rest of what must not be in an image many machines
 * start from is ours.
 */
const hooks: readonly string[] = [
  // mmdebstrap copies these two from the build host, and the engine puts the machine's own in place.
  'rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
  // machine-id(5): an empty file, also where nothing made one, so that each machine gets its own.
  ': >"$1/etc/machine-id"; rm -f "$1/var/lib/dbus/machine-id" ' +
    '"$1/var/lib/systemd/random-seed" "$1/var/lib/systemd/credential.secret"',
  // Host keys are the machine's own: made before sshd first starts (later ExecStartPre= lines are the
  // distribution's own check).
  'rm -f "$1"/etc/ssh/ssh_host_*; if [ -e "$1/usr/sbin/sshd" ]; then ' +
    'mkdir -p "$1/etc/systemd/system/ssh.service.d" && ' +
    'printf "[Service]\\nExecStartPre=\\nExecStartPre=/usr/bin/ssh-keygen -A\\n' +
    'ExecStartPre=/usr/sbin/sshd -t\\n" ' +
    '>"$1/etc/systemd/system/ssh.service.d/host-keys.conf"; fi',
  // Old copies that package tools keep, and the rest of the logs: files whose owner and mode matter stay,
  // empty.
  'rm -f "$1"/var/log/bootstrap.log "$1"/var/lib/dpkg/*-old "$1"/var/cache/debconf/*-old "$1"/etc/*- ; ' +
    'find "$1/var/log" -type f -size +0 ! -name README -exec truncate -s 0 {} +',
];

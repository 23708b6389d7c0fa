import type { ImageInspect } from "#api/image.ts";
import { label } from "#labels/machine.ts";
import type { Sha256 } from "./content.ts";

/** Raise it if the same base now becomes another builder. */
const builderVersion = 1;

const repository = "berth-builder";

/** What the engine calls the base with mmdebstrap installed. */
export function builderPlace(base: string, sha256: Sha256): BuilderPlace {
  const tag = sha256(JSON.stringify([builderVersion, base])).slice(0, 12);
  return { repository, tag, reference: `${repository}:${tag}` };
}

export interface BuilderPlace {
  readonly repository: string;
  readonly tag: string;
  readonly reference: string;
}

/**
 * Whether an image is the builder for a base: by its label and, where the engine has an image of the base's
 * name, by that one's layers, since a newer one may have come by that name.
 */
export function isBuilder(
  image: Pick<ImageInspect, "Config" | "RootFS">,
  base: string,
  found: Pick<ImageInspect, "RootFS"> | undefined,
): boolean {
  if (image.Config?.Labels?.[label.builder] !== base) return false;
  const layers = image.RootFS.Layers ?? [];
  return (found?.RootFS.Layers ?? []).every((layer, at) => layers[at] === layer);
}

/** Those of an image's names that berth gave it as a builder. */
export function builderNames(
  labels: Readonly<Record<string, string>> | null | undefined,
  tags: readonly string[] | null,
): readonly string[] {
  if (labels?.[label.builder] === undefined) return [];
  return (tags ?? []).filter((tag) => tag.startsWith(`${repository}:`));
}

/**
 * Installs mmdebstrap by the image's own apt, and what it needs to build Debian and Ubuntu roots; not every
 * release has Ubuntu's keys. $1 is an archive to use instead of the image's own, or empty.
 */
const install = `set -eu
export DEBIAN_FRONTEND=noninteractive
if [ -n "$1" ]; then
  . /etc/os-release
  rm -f /etc/apt/sources.list.d/*
  echo "deb $1 $VERSION_CODENAME main" >/etc/apt/sources.list
fi
apt-get update
apt-get install --yes --no-install-recommends mmdebstrap uidmap ca-certificates debian-archive-keyring
for keys in ubuntu-archive-keyring ubuntu-keyring; do
  if apt-get install --yes --no-install-recommends "$keys"; then break; fi
done
echo root:100000:65536 | tee /etc/subuid >/etc/subgid
apt-get clean
rm -rf /var/lib/apt/lists/*
`;

/** The command that makes a builder of a container of the base. */
export function prepareCommand(archive: string | undefined): readonly string[] {
  return ["sh", "-c", install, "berth-builder", archive ?? ""];
}

/** Where a build leaves the root's tarball in its container. */
export const builtRoot = "/build/root.tar";

/** The shell's `has_ids`: whether a file like /proc/PID/uid_map has the ids that /etc/subuid gives root. */
export const hasIds = `has_ids() {
  while read -r first _ count; do
    if [ "$first" -le 100000 ] && [ "$((first + count))" -ge 165536 ]; then return 0; fi
  done <"$1"
  return 1
}`;

/**
 * Runs mmdebstrap as root of a user namespace whose root is nobody outside (user_namespaces(7)). Where the
 * container is in one that has no ids to give away, that one must do: root in it is nobody outside, where the
 * engine has made it (rootless, userns-remap), and else root of the engine's host, itself a container.
 */
const build = `set -eu
${hasIds}
mkdir /build
export TMPDIR=/build
if has_ids /proc/self/uid_map && has_ids /proc/self/gid_map; then
  chown 100000:100000 /build
  exec unshare --map-users 100000,0,65536 --map-groups 100000,0,65536 --setuid 0 --setgid 0 \\
    --mount --pid --fork --kill-child mmdebstrap "$@"
fi
exec mmdebstrap "$@"
`;

/** The command that builds a root, of mmdebstrap's arguments for `builtRoot`. */
export function buildCommand(args: readonly string[]): readonly string[] {
  return ["sh", "-c", build, "berth-build", ...args];
}

/** The variables of an environment that tell apt of a proxy (apt-transport-http(1)). */
export function proxyVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return ["http_proxy", "https_proxy", "no_proxy"].flatMap((name) => {
    const value = env[name] || env[name.toUpperCase()];
    return value ? [`${name}=${value}`] : [];
  });
}

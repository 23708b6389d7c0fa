import type { MachineFiles, MountedFiles } from "#contract/guest.ts";
import { isBind, type OciConfig, type OciMount } from "./config.ts";

/**
 * The mounts of a container except the engine's own files, for `MachineFiles`. A tmpfs with a copy of the
 * root's files does not hide these.
 */
export function mountedFiles(config: OciConfig, id: string): readonly MountedFiles[] {
  return (config.mounts ?? [])
    .filter(
      (mount) => mount.options?.includes("tmpcopyup") !== true && engineFileName(mount, id) === undefined,
    )
    .map((mount) => ({ destination: mount.destination, source: isBind(mount) ? mount.source : undefined }));
}

export interface EngineFilesRequest {
  /** The container's id. */
  readonly id: string;
  /** Whether it is a machine in a user namespace of its own. */
  readonly isolated: boolean;
  /** The host name requested by BERTH_HOSTNAME. */
  readonly hostname: string | undefined;
  /** A file that holds it. */
  readonly hostnameFile: string;
  /** Its files without those of the engine's. */
  readonly files: MachineFiles;
}

export interface EngineFilesPlan {
  /** The container's mounts that it keeps. */
  readonly mounts: readonly OciMount[];
  /** Whether the host name belongs into the root's own /etc/hostname. */
  readonly writesHostname: boolean;
  readonly warnings: readonly string[];
}

/**
 * Plans the files that the engine mounts at /etc/hostname, /etc/hosts and /etc/resolv.conf. If the user binds
 * a host directory at /etc, omit those that it lacks, since the runtime would create mount points in it. A
 * mount at /etc/hostname breaks `hostnamectl set-hostname`, which renames a file over it: an isolated machine
 * gets a file in its own root, or keeps the one in the bound directory if that has the requested name.
 */
export function planEngineFiles(config: OciConfig, request: EngineFilesRequest): EngineFilesPlan {
  const warnings: string[] = [];
  let writesHostname = false;
  const mounts = (config.mounts ?? []).flatMap((mount) => {
    const name = engineFileName(mount, request.id);
    if (name === undefined) return [mount];
    const place = request.files.place(mount.destination);
    if (name === "hostname" && request.isolated && !place.bound) {
      writesHostname = true;
      return [];
    }
    if (place.bound && !place.exists) {
      if (name === "resolv.conf") warnings.push(noResolver);
      return [];
    }
    return name === "hostname" ? planHostname(mount, request, place.bound) : [mount];
  });
  return { mounts, writesHostname, warnings };
}

const noResolver =
  "the directory bound at /etc lacks resolv.conf: " +
  "the machine does not get the engine's name servers (touch resolv.conf there)";

function planHostname(
  mount: OciMount,
  { isolated, hostname, hostnameFile, files }: EngineFilesRequest,
  bound: boolean,
): OciMount[] {
  if (isolated && bound && (hostname === undefined || files.read(mount.destination)?.trim() === hostname))
    return [];
  return [hostname === undefined ? mount : { ...mount, source: hostnameFile }];
}

const engineFileNames = ["hostname", "hosts", "resolv.conf"] as const;

/**
 * Docker keeps them in a directory that is named after the container, or after the one whose network this one
 * has; Podman in that one's `userdata`.
 */
function engineFileName(
  { destination, source }: OciMount,
  id: string,
): (typeof engineFileNames)[number] | undefined {
  return engineFileNames.find(
    (name) =>
      destination === `/etc/${name}` &&
      (source?.endsWith(`/${id}/${name}`) === true ||
        new RegExp(`/[0-9a-f]{64}/(userdata/)?${name}$`).test(source ?? "")),
  );
}

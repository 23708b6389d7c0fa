import type { Guest } from "#contract/guest.ts";
import { initKindOf } from "#contract/init.ts";
import { getArchive, statPath } from "#engine/archive.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { readTar } from "#image/tarball/read-tar.ts";
import { label } from "#labels/machine.ts";
import { osReleasePaths, parseOsRelease } from "#linux/os-release.ts";
import { withProbe } from "./probe-container.ts";

const [etcRelease, usrRelease] = osReleasePaths;

/**
 * The guest facts of an image, read through the Engine API, for engines whose files this process cannot read.
 * The version is known for images that berth made. Throws `no-init` if the image's command is not an init.
 */
export async function probeGuest(
  engine: Engine,
  image: { readonly id: string; readonly labels: Readonly<Record<string, string>> },
  command: readonly string[],
  signal: AbortSignal,
): Promise<Guest> {
  return await withProbe(engine, image.id, command, signal, async (container) => {
    const program = await programOf(engine, container, command, signal);
    const kind = initKindOf(command, { program, has: () => true });
    if (kind === undefined) throw noInit(command);
    const version = kind === image.labels[label.init] ? Number(image.labels[label.initVersion]) : 0;
    const read = (path: string) => readText(engine, container, path, signal);
    return {
      os: parseOsRelease((await read(etcRelease)) ?? (await read(usrRelease))),
      init: { kind, program, version: Number.isInteger(version) && version > 0 ? version : undefined },
      machineId: await readMachineId(engine, container, signal),
      mergedUsr: program.startsWith("/usr/"),
    };
  });
}

/** The machine-id that is in a container's files, if any. */
export async function readMachineId(
  engine: Engine,
  container: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await readText(engine, container, "/etc/machine-id", signal))?.trim();
}

/**
 * The command's program in a container, its symbolic links resolved. Throws `no-init` when it has none,
 * `not-found` when it is gone itself.
 */
export async function programOf(
  engine: Engine,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const [path = ""] = command;
  try {
    const { linkTarget, name } = await statPath(engine, container, path, { signal });
    return linkTarget === "" ? `${path.slice(0, path.lastIndexOf("/") + 1)}${name}` : linkTarget;
  } catch (error) {
    if (!hasCode(error, "not-found")) throw error;
    // Either the container or the path does not exist: this call tells which.
    await inspectContainer(engine, container, { signal });
    throw noInit(command, error);
  }
}

/** Throws `no-init` unless the command, in this container, is an init that berth knows. */
export async function requireInit(
  engine: Engine,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const program = await programOf(engine, container, command, signal);
  if (initKindOf(command, { program, has: () => true }) === undefined) throw noInit(command);
}

/** The error if a container's command is unknown, with a hint. */
export function noInit(command: readonly string[], cause?: unknown): BerthError {
  return new BerthError("no-init", `the image has no init: its command is ${command.join(" ") || "empty"}`, {
    hint: "use an image with an init (Debian: install systemd-sysv), or set --command or `command:`",
    cause,
  });
}

/** Limit in bytes for files read: machine-id(5) and os-release(5) are short, so reject longer ones. */
const longestText = 64 * 1024;

async function readText(
  engine: Engine,
  container: string,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    // The archive of a symbolic link holds the link, not the file.
    const { linkTarget } = await statPath(engine, container, path, { signal });
    const { stream } = await getArchive(engine, container, linkTarget || path, { signal });
    try {
      // The first entry is the file itself; ignore a directory's contents.
      for await (const { member, content } of readTar(stream, { wanted: () => longestText })) {
        return member.type === "file" && member.size <= longestText ? content.toString() : undefined;
      }
      return undefined;
    } finally {
      stream.destroy();
    }
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}

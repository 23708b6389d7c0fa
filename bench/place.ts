import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BerthError } from "#errors.ts";
import { type RunResult, run } from "#host/process/run.ts";
import { createLab, type LabNode } from "#lab/lab.ts";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";

export const dist = resolve(import.meta.dir, "../dist");

/** The programs measured. */
export const berth = join(dist, "berth");
export const launcher = join(dist, "berth-runtime");
export const docker = "/usr/bin/docker";

/** Debian 12 with systemd as its command, as all contenders boot it. */
export const image = "bench:latest";

/** An engine of its own that has the image and knows berth-runtime, and nothing else. */
export interface Place {
  readonly node: LabNode;
  /** The engine's version (example: `Docker 26.1.5`). */
  readonly engine: string;
  readonly directory: string;
  readonly signal: AbortSignal;
  /** For programs that are to talk to the engine. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a program against the engine; throws `tool-failed` when it fails. */
  run(command: string, ...args: readonly string[]): Promise<RunResult>;
  /** Removes all containers of the engine. */
  clear(): Promise<void>;
  destroy(): Promise<void>;
}

/** Throws `tool-missing` unless the program is installed. */
export async function requireBuilt(program: string): Promise<void> {
  await access(program).catch((cause: unknown) => {
    throw new BerthError("tool-missing", `${program} is not built`, { hint: "Run `npm run build`.", cause });
  });
}

/**
 * Starts the engine, in namespaces of its own, in the host's own cgroup view: the host's dockerd, or that of
 * another release in a root of its own.
 */
export async function createPlace(signal: AbortSignal, release?: "trixie" | "sid"): Promise<Place> {
  for (const program of [berth, launcher]) await requireBuilt(program);
  const tarball = await labImage("bookworm");
  const root =
    release === undefined ? {} : { rootDirectory: await labEngineRoot(release), shownDirectories: [dist] };
  const lab = await createLab({
    nodes: [
      {
        name: "bench",
        extraConfig: { runtimes: { berth: { path: launcher } } },
        images: { [image]: tarball },
        ...root,
      },
    ],
    wire: true,
  });
  try {
    const [node] = lab.nodes;
    if (node === undefined) throw new BerthError("internal", "the lab has no node");
    const env = { ...process.env, DOCKER_HOST: node.socket };
    const version = (await node.docker("version", "--format", "{{.Server.Version}}")).stdout.trim();
    const place: Place = {
      node,
      engine: `Docker ${version.replace(/[+~-].*/, "")}`,
      directory: lab.directory,
      signal,
      env,
      run: (command, ...args) => run(command, args, { env, signal }),
      clear: () => clear(place),
      destroy: () => lab.destroy(),
    };
    return place;
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

async function clear(place: Place): Promise<void> {
  const ids = (await place.run(docker, "ps", "--all", "--quiet")).stdout
    .split("\n")
    .filter((id) => id !== "");
  if (ids.length > 0) await place.run(docker, "rm", "--force", "--volumes", ...ids);
}

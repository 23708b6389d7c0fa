import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type EmbeddedEngineOptions, enginePaths } from "#host/embedded-engine/options.ts";
import { removeTree } from "#host/embedded-engine/remove-tree.ts";
import { type StartedEmbeddedEngine, startEmbeddedEngine } from "#host/embedded-engine/start.ts";
import { type RunResult, run, tryRun } from "#host/process/run.ts";
import { importWords } from "./imported-root.ts";
import { endNodes, makeLabDirectory, nodePlace } from "./lab-directory.ts";
import { lendImages } from "./lend-images.ts";
import { type HeldNamespace, holdNamespace, layWire, plugIn, unplugged } from "./wire.ts";

export interface LabNodeSpec
  extends Pick<
    EmbeddedEngineOptions,
    "cgroupView" | "rootDirectory" | "shownDirectories" | "uplink" | "bridgeAddress" | "extraConfig"
  > {
  readonly name: string;
  /** The roots' tarballs of the images that it has from the start, by their names; all run /sbin/init. */
  readonly images?: Readonly<Record<string, string>>;
}

export interface LabSpec {
  readonly nodes: readonly LabNodeSpec[];
  /** Joins the nodes by a network, 10.90.0.0/24; no by default. */
  readonly wire?: boolean;
  /** Adds a host to the wire that is not a node. */
  readonly client?: boolean;
}

/** Something programs can be run on. */
export interface LabHost {
  readonly name: string;
  /** Its address on the wire; undefined without one. */
  readonly address: string | undefined;
  /** A process in its namespaces. */
  readonly pid: number;
  /** Runs a program there; throws `tool-failed` when it fails. */
  run(command: string, ...args: readonly string[]): Promise<RunResult>;
}

export interface LabNode extends LabHost {
  /** The engine's address, as DOCKER_HOST takes it. */
  readonly socket: string;
  readonly configFile: string;
  /** Runs the host's docker client against the node's engine. */
  docker(...args: readonly string[]): Promise<RunResult>;
}

/** A node whose engine the lab has started. */
export interface StartedNode extends LabNode {
  /** Starts the engine again on its data, after it was killed. */
  restart(): Promise<StartedEmbeddedEngine>;
}

export interface Lab {
  readonly directory: string;
  readonly nodes: readonly StartedNode[];
  readonly client: LabHost | undefined;
  /** Joins a node to the wire again after its engine restarted in other namespaces, those of `pid`. */
  plugInAgain(name: string, pid: number): Promise<void>;
  /** Ends and removes all of it; a second call does nothing. */
  destroy(): Promise<void>;
}

/**
 * Starts engines as nodes of a lab, under one temporary directory. All its processes die when this one does,
 * even by SIGKILL; what such a death leaves in files and cgroups the next lab removes.
 */
export async function createLab(spec: LabSpec): Promise<Lab> {
  const directory = await makeLabDirectory();
  const held: HeldNamespace[] = [];
  let destroyed: Promise<void> | undefined;
  const destroy = () => {
    destroyed ??= destroyLab(directory, spec, held);
    return destroyed;
  };
  try {
    const wire = spec.wire === true || spec.client === true ? await layWire() : undefined;
    if (wire !== undefined) held.push(wire);
    // All must have settled before a failure is cleaned up.
    const started = await Promise.allSettled(
      spec.nodes.map((node, index) => startNode(directory, node, index, wire)),
    );
    const nodes = started.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    const client = spec.client === true && wire !== undefined ? await startClient(wire, held) : undefined;
    const plugInAgain = async (name: string, pid: number) => {
      const host = hostNumber(spec.nodes.findIndex((node) => node.name === name));
      if (wire === undefined) return;
      // The kernel takes the old plug out a moment after the last process of its namespace.
      await unplugged(wire, host);
      await plugIn(wire, pid, host);
    };
    return { directory, nodes, client, plugInAgain, destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}

async function startNode(
  directory: string,
  node: LabNodeSpec,
  index: number,
  wire: HeldNamespace | undefined,
): Promise<StartedNode> {
  const place = nodePlace(directory, node.name);
  await mkdir(join(directory, node.name));
  const { name, images = {}, ...settings } = node;
  const lentLayers = await lendImages(place, images);
  const start = () =>
    startEmbeddedEngine({ ...settings, ...place, lentLayers, hostname: name, endsWithCaller: true });
  const { pid, configFile } = await start();
  const socket = `unix://${enginePaths(place).socket}`;
  const docker: LabNode["docker"] = (...args) => run("/usr/bin/docker", ["--host", socket, ...args]);
  await importMissing(docker, images);
  return {
    name,
    pid,
    socket,
    configFile,
    address: wire === undefined ? undefined : await plugIn(wire, pid, hostNumber(index)),
    run: (command, ...args) =>
      run("nsenter", [`--target=${pid}`, "--mount", "--net", "--uts", "--pid", "--", command, ...args]),
    docker,
    restart: start,
  };
}

/** Imports what could not be lent, or what the engine does not find: it may be set to another image store. */
async function importMissing(
  docker: LabNode["docker"],
  images: NonNullable<LabNodeSpec["images"]>,
): Promise<void> {
  if (Object.keys(images).length === 0) return;
  const { stdout } = await docker("images", "--format", "{{.Repository}}\n{{.Repository}}:{{.Tag}}");
  const there = new Set(stdout.split("\n"));
  for (const [name, tarball] of Object.entries(images))
    if (!there.has(name)) await docker(...importWords, tarball, name);
}

/** The last number of a node's address on the wire. */
function hostNumber(index: number): number {
  return 11 + index;
}

async function startClient(wire: HeldNamespace, held: HeldNamespace[]): Promise<LabHost> {
  const namespace = await holdNamespace();
  held.push(namespace);
  const { pid } = namespace;
  return {
    name: "client",
    pid,
    address: await plugIn(wire, pid, 10),
    run: (command, ...args) => run("nsenter", [`--net=/proc/${pid}/ns/net`, "--", command, ...args]),
  };
}

async function destroyLab(
  directory: string,
  { nodes }: LabSpec,
  held: readonly HeldNamespace[],
): Promise<void> {
  await endNodes(
    directory,
    nodes.map(({ name }) => name),
  );
  await Promise.all(held.map((namespace) => namespace.release()));
  await removeTree(directory);
}

/**
 * Whether a lab can be made here: needs root and namespaces. Tests that need one say aloud when they skip.
 */
export async function canMakeLab(): Promise<boolean> {
  return (
    process.getuid?.() === 0 &&
    (await tryRun("unshare", ["--net", "--mount", "--pid", "--fork", "true"])).status === 0
  );
}

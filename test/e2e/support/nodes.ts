import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, readRecordedProcess } from "#host/embedded-engine/process-identity.ts";
import { type RunResult, run, tryRun } from "#host/process/run.ts";
import { emptyEngine, giveImage, hostNode } from "#lab/host-node.ts";
import {
  canMakeLab,
  createLab,
  type Lab,
  type LabHost,
  type LabNode,
  type LabNodeSpec,
  type LabSpec,
  type StartedNode,
} from "#lab/lab.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { type BerthOptions, dist, ensureBuilt, type RunningBerth, runBerth, startBerth } from "./berth.ts";
import { isVmHost } from "./vm-host.ts";

/** Whether there can be engines here; a file whose tests need some says "(needs root)". */
export const canHaveEngines = await canMakeLab();

export interface Node extends LabNode {
  /** Runs the built berth against the node's engine. */
  berth(args: string | readonly string[], options?: BerthOptions): Promise<RunResult>;
  startBerth(args: string | readonly string[], options?: BerthOptions): RunningBerth;
  /** Runs the docker client; any status is a result. */
  tryDocker(...args: readonly string[]): Promise<RunResult>;
  /** Kills dockerd and all it runs, as a power failure does, and returns when it is gone. */
  crash(): Promise<void>;
  /** Starts the engine again on its data, and returns when it answers; the name then gives this node. */
  revive(): Promise<Node>;
}

export interface NodeWish extends Omit<LabNodeSpec, "name" | "images"> {
  /** Registers berth-runtime by `berth install runtime`. Yes by default. */
  readonly runtime?: boolean;
  /** Which of the images it gets; all by default. */
  readonly images?: readonly string[];
  /** A root with another engine than the host's. It sees the built programs. */
  readonly root?: () => Promise<string>;
}

export interface NodesWish extends Pick<LabSpec, "wire" | "client"> {
  readonly nodes: Readonly<Record<string, NodeWish>>;
  /** Root tarballs by the name that their images get; all run /sbin/init. */
  readonly images: Readonly<Record<string, () => Promise<string>>>;
}

/** A lab's nodes, and the host beside them that was asked for. */
export interface LabInUse {
  node(name: string): Node;
  client(): LabHost;
}

/**
 * Engines for the tests of one file: made before the first, gone without a trace after the last. Returns how
 * to get at one by its name, within tests. In the VM, each name gives the host's own engine.
 */
export function useNodes(wish: NodesWish): (name: string) => Node {
  return useLab(wish).node;
}

/** As `useNodes`, with the wire's other host. */
export function useLab({ nodes: wishes, images, ...rest }: NodesWish): LabInUse {
  if (isVmHost) return useHost({ nodes: wishes, images, ...rest });
  const nodes = new Map<string, Node>();
  let lab: Lab | undefined;
  setDefaultTimeout(90_000);
  // Roots with packages of their own are built in it, the first time.
  beforeAll(async () => {
    if (!canHaveEngines) return;
    await ensureBuilt();
    const specs = await Promise.all(
      Object.entries(wishes).map(async ([name, node]) => ({ ...(await engineSpec(node, images)), name })),
    );
    lab = await createLab({ nodes: specs, ...rest });
    for (const node of lab.nodes) nodes.set(node.name, withPrograms(node, nodes, lab));
    const withRuntime = [...nodes.values()].filter(({ name }) => wishes[name]?.runtime !== false);
    await Promise.all(withRuntime.map((node) => installRuntime(node)));
  }, 600_000);
  afterAll(() => lab?.destroy(), 600_000);
  return {
    node: (name) => {
      const node = nodes.get(name);
      if (node === undefined) throw new Error(`there is no node ${name}`);
      return node;
    },
    client: () => {
      if (lab?.client === undefined) throw new Error("there is no client");
      return lab.client;
    },
  };
}

/** The host's own engine by any name, empty before and after; what only a lab has is refused by its name. */
function useHost({ nodes: wishes, images, wire, client }: NodesWish): LabInUse {
  const all = Object.values(wishes);
  const refused = [
    ...(wire === true || client === true ? ["a wire"] : []),
    ...(all.some(({ root }) => root !== undefined) ? ["another root"] : []),
    ...(new Set(all.map(({ runtime = true }) => runtime)).size > 1 ? ["an engine without berth"] : []),
    ...(all.some(({ extraConfig }) => extraConfig !== undefined) ? ["settings of its engine"] : []),
  ];
  if (refused.length > 0) throw new Error(`the VM's host cannot give a test ${refused.join(" and ")}`);
  const node = ownHost();
  setDefaultTimeout(patient(90_000));
  beforeAll(async () => {
    await emptyEngine(node);
    const isWanted = all.every(({ runtime = true }) => runtime);
    if (isWanted) await installRuntime(node);
    else await node.berth("uninstall runtime");
    for (const [name, tarball] of Object.entries(images)) await giveImage(node, name, await tarball());
  }, patient(120_000));
  afterAll(() => emptyEngine(node), patient(60_000));
  return {
    node: () => node,
    client: () => {
      throw new Error("there is no client");
    },
  };
}

/** The VM's host with its engine, as it is. */
export function ownHost(): Node {
  const bare = hostNode("host");
  const { revive } = bare;
  const node: Node = Object.assign(bare, programsOf(bare), {
    revive: async () => {
      await revive();
      return node;
    },
  });
  return node;
}

async function engineSpec(
  { runtime: _runtime, images: wished, root, ...spec }: NodeWish,
  all: NodesWish["images"],
): Promise<Omit<LabNodeSpec, "name">> {
  const chosen = Object.entries(all).filter(([name]) => wished === undefined || wished.includes(name));
  const tarballs = await Promise.all(chosen.map(async ([name, tarball]) => [name, await tarball()]));
  const images = Object.fromEntries(tarballs);
  return root === undefined
    ? { ...spec, images }
    : { ...spec, images, rootDirectory: await root(), shownDirectories: [dist] };
}

/** Registers the runtime as a user does, on the host's own engine or on another. */
export async function installRuntime(node: Node, ...flags: readonly string[]): Promise<RunResult> {
  const other = ["--in-place", "--engine-config", node.configFile, "--engine-pid", String(node.pid)];
  const own = isVmHost ? [] : other;
  const result = await node.berth(["install", "runtime", ...own, ...flags]);
  if (result.status !== 0) throw new Error(`berth install runtime failed: ${result.stderr}`);
  return result;
}

/** Registers a runtime of a test's own with a node's engine. */
export async function addRuntime(node: Node, name: string, path: string): Promise<void> {
  const config = JSON.parse(await readFile(node.configFile, "utf8")) as { readonly runtimes?: object };
  await writeFile(
    node.configFile,
    JSON.stringify({ ...config, runtimes: { ...config.runtimes, [name]: { path } } }),
  );
  process.kill(node.pid, "SIGHUP");
  await waitFor(`the engine knows the runtime ${name}`, async () =>
    (await node.docker("info", "--format", "{{json .Runtimes}}")).stdout.includes(`"${name}"`),
  );
}

function programsOf({ socket }: LabNode): Pick<Node, "berth" | "startBerth" | "tryDocker"> {
  const words = (args: string | readonly string[]) => (typeof args === "string" ? args.split(" ") : args);
  return {
    berth: (args, options) => runBerth(socket, words(args), options),
    startBerth: (args, options) => startBerth(socket, words(args), options),
    tryDocker: (...args) => tryRun("/usr/bin/docker", ["--host", socket, ...args]),
  };
}

function withPrograms(node: StartedNode, nodes: Map<string, Node>, lab: Lab): Node {
  return {
    ...node,
    ...programsOf(node),
    crash: async () => {
      process.kill(node.pid, "SIGKILL");
      await waitFor(
        `the engine of ${node.name} is gone`,
        async () => (await tryRun("/usr/bin/docker", ["--host", node.socket, "version"])).status !== 0,
      );
    },
    revive: async () => {
      const stateDirectory = dirname(node.socket.slice("unix://".length));
      const starting = node.restart();
      // As a host's network comes up while its engine starts: a swarm's member wants its address.
      const joining =
        node.address === undefined ? undefined : plugInEarly(lab, node, stateDirectory, starting);
      const [{ pid }] = await Promise.all([starting, joining]);
      const run: LabNode["run"] = (command, ...args) => runIn(pid, command, args);
      const revived = withPrograms({ ...node, pid, run }, nodes, lab);
      nodes.set(node.name, revived);
      return revived;
    },
  };
}

/** Joins a node that starts again to the wire as soon as its new init is there. */
async function plugInEarly(
  lab: Lab,
  node: LabNode,
  stateDirectory: string,
  starting: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  starting.then(over, over);
  for (;;) {
    // A start that has failed says why itself.
    const isLast = isOver;
    const init = await readRecordedProcess(join(stateDirectory, "init"));
    if (init !== undefined && init.pid !== node.pid && (await isAlive(init)))
      return lab.plugInAgain(node.name, init.pid);
    if (isLast) return;
    await sleep(20);
  }
}

function runIn(pid: number, command: string, args: readonly string[]): Promise<RunResult> {
  return run("nsenter", [`--target=${pid}`, "--mount", "--net", "--uts", "--pid", "--", command, ...args]);
}

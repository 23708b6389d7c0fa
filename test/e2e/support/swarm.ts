import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "#host/process/run.ts";
import { waitFor } from "#lab/wait-for.ts";
import { type BerthOptions, runBerth } from "./berth.ts";
import { canHaveEngines, type LabInUse, type Node, type NodesWish, useLab } from "./nodes.ts";
import { perl } from "./perl.ts";

export interface SwarmWish extends Omit<NodesWish, "wire" | "client"> {
  /** Attachable overlay networks; `application` alone by default. */
  readonly networks?: readonly string[];
  /** Nodes that are on the wire but do not join: a test has them join with an engine of its own. */
  readonly idle?: NodesWish["nodes"];
  /**
   * How often nodes report to the manager, which gives them up after three times that (`swarm init
   * --dispatcher-heartbeat`).
   */
  readonly heartbeat?: string;
}

/** Whom the nodes ask for names that are not the swarm's: the client. */
const dns = ["10.90.0.10"];
/** The kernel ends it with this process, however that ends. */
const lifeline = ["setpriv", "--pdeathsig", "KILL", "--"];
/**
 * Says of each that it does not exist (RFC 1035, 4.1.1). An engine that gets no answer gives none, and a mail
 * server waits for it.
 */
const nameServer = `$s = IO::Socket::INET->new(Proto => "udp", LocalPort => 53) or die $@;
while (1) { $from = recv($s, $q, 512, 0) or next; substr($q, 2, 2) = pack("n", 0x8183); send($s, $q, 0, $from) }`;

/** What the loader's image is called on every node. */
export const loaderImage = "berth-loader:test";

/**
 * Nodes of one swarm on one wire, the first of them its manager, each with the loader's image. The kernel may
 * have no IPVS: services take `--endpoint-mode=dnsrr`. The lab's client is a host on the wire that is no
 * node.
 */
export function useSwarm({
  networks = ["application"],
  idle = {},
  heartbeat = "5s",
  ...wish
}: SwarmWish): LabInUse {
  const all = Object.entries({ ...wish.nodes, ...idle });
  const named = all.map(
    ([name, node]) => [name, { ...node, extraConfig: { dns, ...node.extraConfig } }] as const,
  );
  const lab = useLab({ ...wish, nodes: Object.fromEntries(named), wire: true, client: true });
  // More than a test's waits together, for two tasks and a node: so that it says which of them was in vain.
  setDefaultTimeout(400_000);
  let names: ChildProcess | undefined;
  beforeAll(async () => {
    if (!canHaveEngines) return;
    const nodes = Object.keys(wish.nodes).map(lab.node);
    const [first, ...others] = nodes;
    if (first === undefined) throw new Error("a swarm has a manager");
    names = spawn(
      "nsenter",
      [`--net=/proc/${lab.client().pid}/ns/net`, "--", ...lifeline, ...perl(nameServer)],
      { stdio: "ignore" },
    );
    await first.docker(
      "swarm",
      "init",
      "--advertise-addr",
      addressOf(first),
      "--dispatcher-heartbeat",
      heartbeat,
    );
    await Promise.all(others.map((node) => joinSwarm(first, node)));
    for (const network of networks)
      await first.docker("network", "create", "--driver", "overlay", "--attachable", network);
    await loadLoader(nodes);
  }, 180_000);
  afterAll(() => void names?.kill("SIGKILL"));
  return lab;
}

export async function joinSwarm(first: Node, node: Node): Promise<void> {
  const { stdout: token } = await first.docker("swarm", "join-token", "--quiet", "worker");
  const words = ["--advertise-addr", addressOf(node), "--token", token.trim(), `${addressOf(first)}:2377`];
  const { status, stderr } = await node.tryDocker("swarm", "join", ...words);
  if (status === 0) return;
  // An engine that has not joined within 20 s says so, and goes on.
  const hasJoined = async () => {
    const state = (await node.docker("info", "--format", "{{.Swarm.LocalNodeState}}")).stdout.trim();
    if (state !== "active" && state !== "pending") throw new Error(`${node.name} is ${state}`);
    return state === "active" ? true : undefined;
  };
  await waitFor(`${node.name} joins`, hasJoined, 60_000).catch((cause: unknown) => {
    throw new Error(`${node.name} does not join the swarm: ${stderr}`, { cause });
  });
}

function addressOf(node: Node): string {
  if (node.address === undefined) throw new Error(`${node.name} is on no wire`);
  return node.address;
}

/** Packs the loader's image once and gives it to every node, as one does without a registry. */
export async function loadLoader(nodes: readonly Node[], options: BerthOptions = {}): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "berth-loader-image-"));
  try {
    const file = join(directory, "loader.tar");
    const packed = await runBerth(
      undefined,
      ["loader", "image", "--tag", loaderImage, "--output", file],
      options,
    );
    if (packed.status !== 0) throw new Error(`berth loader image failed: ${packed.stderr}`);
    await Promise.all(nodes.map((node) => node.docker("load", "--quiet", "--input", file)));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Waits until the manager takes a node for one that can be given tasks. */
export async function nodeReady(first: Node, name: string): Promise<void> {
  await waitFor(
    `the swarm has ${name} back`,
    async () => {
      const { stdout } = await first.tryDocker("node", "inspect", "--format", "{{.Status.State}}", name);
      return stdout.trim() === "ready" ? true : undefined;
    },
    60_000,
  );
}

/**
 * Unpacks a root tarball into a folder of a node's own, in a directory beside which nothing else is: its
 * path, on the node as on this host. All nodes see one disk, so two of them share such a folder. It goes with
 * the lab.
 */
export async function extractRoot(node: Node, name: string, tarball: string): Promise<string> {
  const folder = join(dirname(node.configFile), "roots", name, "root");
  await mkdir(folder, { recursive: true });
  await run("tar", [
    "--extract",
    "--file",
    tarball,
    "--directory",
    folder,
    "--preserve-permissions",
    "--numeric-owner",
  ]);
  return folder;
}

/** Lets a node see a folder at a further path of its own. Both are directories; nobody else sees it. */
export async function showFolder(node: Node, folder: string, path: string): Promise<void> {
  // The host's own directory is covered first, so that nothing is made on the host.
  await node.run("mount", "-n", "-t", "tmpfs", "-o", "mode=755", "tmpfs", dirname(path));
  await node.run("mkdir", path);
  await node.run("mount", "-n", "--bind", folder, path);
}

/** Puts a unit into a root that is not running, enabled for multi-user.target. */
export async function addUnit(folder: string, name: string, text: string): Promise<void> {
  const units = join(folder, "etc/systemd/system");
  await writeFile(join(units, name), text);
  const wants = join(units, "multi-user.target.wants");
  await mkdir(wants, { recursive: true });
  await run("ln", ["-s", `../${name}`, join(wants, name)]);
}

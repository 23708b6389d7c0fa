import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { renderEndpoint } from "#api/address.ts";
import { connect } from "#engine/connection/connect.ts";
import { resolveEndpoint } from "#engine/connection/endpoint.ts";
import { readVersion } from "#engine/system.ts";
import { hasCode } from "#errors.ts";
import { defaultEmbeddedEngine } from "#host/embedded-engine/options.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import { spawn } from "#host/process/spawn.ts";
import { berthOrExit, runBerth } from "./berth.ts";

/**
 * A marker in the embedded engine's data, so that the demo later removes only an engine that it has started.
 */
export interface Marker {
  /** Whether the data are the demo's too, or were there before. */
  readonly madeData: boolean;
}

export const embedded = defaultEmbeddedEngine();
export const markerFile = join(embedded.dataDirectory, "started-by-demo.json");

export async function readMarker(): Promise<Marker | undefined> {
  try {
    return JSON.parse(await readFile(markerFile, "utf8")) as Marker;
  } catch (error) {
    if (["ENOENT", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** The endpoint of the engine that docker would use; undefined if none was named and none runs. */
export async function findOwnEngine(): Promise<string | undefined> {
  const endpoint = resolveEndpoint(process.env);
  try {
    const engine = await connect(endpoint, { spawn, signal: AbortSignal.timeout(15_000) });
    return `${renderEndpoint(engine.endpoint)}, Docker ${(await readVersion(engine)).Version}`;
  } catch (error) {
    if (endpoint.source === "default" && hasCode(error, "engine-unreachable")) return undefined;
    throw error;
  }
}

/** Takes the user's engine as it is, or starts berth's own and registers berth-runtime there. */
export async function prepareEngine(): Promise<void> {
  const own = await findOwnEngine();
  if (own !== undefined) {
    console.log(`Engine: yours, ${own}. Nothing is installed in it.`);
    console.log("`berth install runtime` would have plain `docker run` boot machines there, too.");
    return;
  }
  const status = await privateEngineStatus(embedded);
  if (status.state === "running" && (await readMarker()) === undefined) {
    console.log(
      `Engine: berth's own, which runs already (unix://${status.socket}). Nothing is installed in it.`,
    );
    return;
  }
  if (status.state !== "running") {
    if (process.getuid?.() !== 0) {
      console.error(
        "No Docker engine answers, and starting berth's own takes root. Run this as root, or start Docker.",
      );
      process.exit(3);
    }
    console.log("Engine: none answers, so berth's own is started, in namespaces of its own.");
    await mark();
    await startEngine();
  }
  const { socket, version = "", configFile, pid } = await privateEngineStatus(embedded);
  console.log(`Engine: berth's own, unix://${socket}, Docker ${version}`);
  const place = ["--engine-config", configFile, ...(pid === undefined ? [] : ["--engine-pid", String(pid)])];
  await berthOrExit("install", "runtime", "--in-place", ...place);
}

/** The way out is for the user's own tries, `apt-get` in a machine and the like: the demo does without. */
async function startEngine(): Promise<void> {
  if ((await runBerth(["engine", "start", "--uplink"], true)).status === 0) return;
  console.log("It starts without a way out to the network then.");
  const { status } = await runBerth(["engine", "start"], true);
  if (status !== 0) process.exit(status);
}

/**
 * Marks the engine as the demo's before it starts: an interruption must not leave one that nothing removes.
 */
async function mark(): Promise<void> {
  const { dataDirectory } = embedded;
  const parent = dirname(dataDirectory);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  if ((await readMarker()) !== undefined) return;
  // Write both files at once, by a rename: an engine refuses a directory that has files but no daemon.json.
  const draft = await mkdtemp(join(parent, ".demo-"));
  const write = (file: string, marker: Marker) => writeFile(file, `${JSON.stringify(marker)}\n`);
  try {
    await writeFile(join(draft, "daemon.json"), "{}\n");
    await write(join(draft, "started-by-demo.json"), { madeData: true });
    await rename(draft, dataDirectory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await write(markerFile, { madeData: false });
  }
}

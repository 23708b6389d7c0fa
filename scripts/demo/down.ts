import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Engine } from "#engine/connection/engine.ts";
import { listContainers } from "#engine/containers.ts";
import { listImages, removeImage } from "#engine/images.ts";
import { hasCode } from "#errors.ts";
import { privateEngineStatus } from "#host/embedded-engine/status.ts";
import { label } from "#labels/machine.ts";
import { parseMachineFile } from "#machinefile/read/machine-file.ts";
import { openEngine } from "#ops/engine/open-engine.ts";
import { berthOrExit, imageName, machineFile } from "./berth.ts";
import { removeCachedRoot, removeEmpty } from "./cached-root.ts";
import { embedded, type Marker, markerFile, readMarker } from "./engine.ts";

/**
 * Takes away what the demo made, wherever it was interrupted: machines, network, image, engine, cached root.
 * True when nothing stays.
 */
export async function takeDown(): Promise<boolean> {
  const marker = await readMarker();
  const isGone = marker === undefined ? true : await removeDemoEngine(marker);
  const engine = await openIfThere();
  if (engine !== undefined) await removeMachinesAndImage(engine);
  await removeCachedRoot();
  for (const directory of [
    embedded.stateDirectory,
    dirname(embedded.stateDirectory),
    dirname(embedded.dataDirectory),
  ])
    await removeEmpty(directory);
  return isGone;
}

async function removeDemoEngine({ madeData }: Marker): Promise<boolean> {
  const status = await privateEngineStatus(embedded);
  if (madeData) {
    const others =
      status.state === "running" ? await foreignContainers(await openEmbedded(status.socket)) : [];
    if (others.length > 0) {
      console.error(`berth's engine stays: it has containers that are not the demo's: ${others.join(", ")}`);
      console.error("`berth engine stop --remove-data` removes it with all that is in it.");
      return false;
    }
    await berthOrExit("engine", "stop", "--remove-data");
    return true;
  }
  // The data were there before the demo; what it added to them can be taken away by the running engine alone.
  const host = ["--host", `unix://${status.socket}`];
  if (status.state !== "running") await berthOrExit("engine", "start");
  await removeMachinesAndImage(await openEmbedded(status.socket));
  await berthOrExit("uninstall", "runtime", ...host, "--engine-config", status.configFile, "--force");
  await berthOrExit("engine", "stop");
  await rm(markerFile, { force: true });
  return true;
}

const openEmbedded = (socket: string): Promise<Engine> =>
  openEngine({ env: process.env, host: `unix://${socket}` });

async function openIfThere(): Promise<Engine | undefined> {
  try {
    return await openEngine({ env: process.env, signal: AbortSignal.timeout(15_000) });
  } catch (error) {
    if (hasCode(error, "engine-unreachable")) return undefined;
    throw error;
  }
}

/** Names of containers that are not machines of the demo. */
async function foreignContainers(engine: Engine): Promise<readonly string[]> {
  const { network } = parseMachineFile(await Bun.file(machineFile).text(), {
    fileName: machineFile,
    environment: {},
  });
  const containers = await listContainers(engine, { all: true });
  return containers
    .filter(({ Labels }) => Labels?.[label.network] !== network.domain)
    .map(({ Names, Id }) => Names?.[0]?.slice(1) ?? Id.slice(0, 12));
}

async function removeMachinesAndImage(engine: Engine): Promise<void> {
  const { endpoint } = engine;
  const host = endpoint.kind === "unix" ? ["--host", `unix://${endpoint.path}`] : [];
  await berthOrExit("down", ...host, "--file", machineFile, "--yes");
  for (const { Id } of await listImages(engine, { filters: { label: [`berth.image=${imageName}`] } })) {
    await removeImage(engine, Id, { force: true });
    console.error(`image ${imageName} removed`);
  }
}

import type { Engine } from "#engine/connection/engine.ts";
import { createNetwork, listNetworks } from "#engine/networks.ts";
import { BerthError } from "#errors.ts";
import type { Project } from "#machinefile/project.ts";
import { findNetwork } from "#ops/machine/observe.ts";
import { poll } from "#ops/task/poll.ts";
import type { PlannedNetwork } from "#plan/machine/up.ts";
import { isOwnNetwork, judgeNetwork, renderNetwork } from "#plan/network/network.ts";

/**
 * Creates a project's network, named after the domain. False if a network of that name exists with another
 * subnet than planned. Throws the engine's error with a hint.
 */
export async function ensureNetwork(
  engine: Engine,
  project: Project,
  network: PlannedNetwork,
  signal: AbortSignal,
): Promise<boolean> {
  const { domain, subnet } = network;
  try {
    await createNetwork(engine, renderNetwork(network, project), { signal });
    return true;
  } catch (error) {
    if (!(error instanceof BerthError) || signal.aborted) throw error;
    // Another berth was faster, on another host or killed since.
    const look = async () => {
      const found = await findNetwork(engine, domain, signal);
      const isSettled = found !== undefined && isOwnNetwork(found);
      return judgeNetwork(network, found, isSettled ? [] : await listNetworks(engine, { signal }));
    };
    const seen = await poll(finishMs, look, signal);
    if (seen === "ours" || seen === "another") return seen === "ours";
    throw new BerthError(
      error.code,
      `cannot create network ${domain} with subnet ${subnet}: ${error.message}`,
      {
        hint: "choose a network.subnet that no other network of the engine's host uses",
        cause: error,
      },
    );
  }
}

/**
 * An engine finishes what a killed berth has asked for, and takes its subnet a moment before it lists the
 * network.
 */
const finishMs = 10_000;

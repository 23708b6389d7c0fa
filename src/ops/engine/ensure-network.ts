import type { Engine } from "#engine/connection/engine.ts";
import { createNetwork, listNetworks } from "#engine/networks.ts";
import { BerthError } from "#errors.ts";
import type { Project } from "#machinefile/project.ts";
import { findNetwork } from "#ops/machine/observe.ts";
import { poll } from "#ops/task/poll.ts";
import type { PlannedNetwork } from "#plan/machine/up.ts";
import { isOwnNetwork, judgeNetwork, renderNetwork } from "#plan/network/network.ts";

/**
 * Makes a project's network, which bears the domain's name. False where there is one by now with another
 * subnet than the planned. Throws what the engine says with what to do about it.
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
    // Another berth was faster: from another host, or one that was killed meanwhile.
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
 * An engine goes on with what a berth that was killed has asked for: its subnet is taken a moment before it
 * is to be seen.
 */
const finishMs = 10_000;

import type { Engine } from "../engine/engine.ts";
import { createNetwork } from "../engine/networks.ts";
import { BerthError, hasCode } from "../errors.ts";
import { label } from "../plan/labels.ts";
import type { Fleet } from "../spec/machine.ts";
import { findNetwork } from "./observe.ts";

/** Makes the fleet's network, which bears the domain's name. Throws what the engine says with what to do about it. */
export async function ensureNetwork(engine: Engine, fleet: Fleet, signal: AbortSignal): Promise<void> {
  const { domain, subnet, gateway } = fleet.network;
  try {
    await createNetwork(
      engine,
      {
        Name: domain,
        Driver: "bridge",
        IPAM: { Config: [{ Subnet: subnet, ...(gateway === undefined ? {} : { Gateway: gateway }) }] },
        Labels: { [label.network]: domain },
      },
      { signal },
    );
  } catch (error) {
    // Another berth, from another host, was faster.
    if (hasCode(error, "conflict") && (await findNetwork(engine, domain, signal))?.Labels?.[label.network] === domain) return;
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.code, `the network ${domain} with the subnet ${subnet} cannot be made: ${error.message}`, {
      hint: "choose a network.subnet that no other network of the engine's host uses",
      cause: error,
    });
  }
}

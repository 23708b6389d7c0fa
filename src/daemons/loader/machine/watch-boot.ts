import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { waitBooted } from "#ops/machine/boot.ts";
import { setHealthy } from "./health.ts";

export interface WatchBootOptions {
  readonly engine: Engine;
  readonly warn: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Milliseconds, longer than any boot: it is the swarm's timeout that counts, by the image's health check. */
const bootTimeout = 24 * 3600 * 1000;

/**
 * Says that the machine is up when its init does. A machine with failed units is up: it is not to be killed
 * for them. Throws as `waitBooted` does.
 */
export async function watchBoot(
  id: string,
  machine: string,
  { engine, warn, signal }: WatchBootOptions,
): Promise<void> {
  const boot = await retryWhileAway(
    () => waitBooted(engine, id, machine, { signal, timeout: bootTimeout }),
    signal,
  );
  for (const { unit, description } of boot.failedUnits)
    warn(`${machine} is degraded: ${unit} has failed (${description})`);
  await setHealthy(true);
}

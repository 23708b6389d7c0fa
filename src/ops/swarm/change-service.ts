import { isDeepStrictEqual } from "node:util";
import type { ServiceSpec } from "#api/service.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectService, updateService } from "#engine/services.ts";
import { BerthError, hasCode } from "#errors.ts";

/** A service as it was when its change was planned. */
export interface PlannedService {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly spec: ServiceSpec;
  /** What a roll-back goes back to; left out where it does not matter. */
  readonly previous?: ServiceSpec | null | undefined;
}

/** A specification, or going back to the one before. */
export type ServiceChange = ServiceSpec | "rollback";

/**
 * Changes a service as planned. A swarm refuses a change planned for an older version, and bumps the version
 * each time it records an update's progress: retry if only that has changed. Throws `conflict` if another
 * client changed what the plan depends on.
 */
export async function changeService(
  engine: Engine,
  planned: PlannedService,
  change: ServiceChange,
  signal: AbortSignal,
): Promise<void> {
  const { id, name, spec, previous } = planned;
  for (let { version } = planned; ; ) {
    try {
      if (change !== "rollback") return await updateService(engine, id, change, { version, signal });
      // The API wants a specification and does not look at it.
      return await updateService(engine, id, spec, { version, rollback: true, signal });
    } catch (error) {
      // The engine has no status for this refusal, so compare versions.
      if (!hasCode(error, "engine-api")) throw error;
      const { Version, Spec, PreviousSpec } = await inspectService(engine, id, { signal });
      if (Version.Index === version) throw error;
      if (
        !isDeepStrictEqual(Spec, spec) ||
        (previous !== undefined && !isDeepStrictEqual(PreviousSpec, previous))
      ) {
        throw new BerthError("conflict", `another client changed ${name} meanwhile`, {
          cause: error,
          hint: `see its current state (docker service inspect ${name}), then try again`,
        });
      }
      version = Version.Index;
    }
  }
}

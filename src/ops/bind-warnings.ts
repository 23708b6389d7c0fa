import type { Engine } from "../engine/engine.ts";
import { isReachable } from "../host/reachable.ts";
import { reachedByOthers } from "../plan/path-access.ts";
import type { Step } from "../plan/up.ts";

/**
 * What to say of the host's directories that machines may write to while other users of the host can walk to them, each once.
 * Where the engine is on another host nothing is known of them.
 */
export function bindWarnings(engine: Engine, steps: readonly Step[], trusted: ReadonlySet<number>): readonly string[] {
  if (engine.endpoint.kind !== "unix") return [];
  const machines = steps.flatMap((step) => (step.do === "create-network" ? [] : [step.machine]));
  const binds = machines.flatMap(({ volumes }) =>
    volumes.flatMap(({ kind, source, readOnly }) => (kind === "bind" && !readOnly ? (source ?? []) : [])),
  );
  return [...new Set(binds)]
    .filter((source) => isReachable(source, trusted))
    .map((source) => `${reachedByOthers(source)} Keep it in a directory of mode 700 (install -d -m 700 DIRECTORY), or mount it :ro`);
}

import { findContainer, ignoreRemoved } from "#daemons/loader/find-container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { removeContainer, waitContainer } from "#engine/containers.ts";
import { poll } from "#ops/task/poll.ts";

/** Milliseconds within which its engine starts a guard again that was killed. */
const restartTimeout = 20_000;
/** Milliseconds; a guard needs moments to tidy up, unless its engine is away. */
const endTimeout = 20_000;

/** Resolves when a guard runs no more and does not come back: somebody has removed or stopped it. */
export async function waitGuardLost(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  const returned = async () => {
    const state = (await findContainer(engine, id, signal))?.State;
    return state === undefined || state.Running ? (state ?? "removed") : undefined;
  };
  for (;;) {
    await ignoreRemoved(waitContainer(engine, id, { condition: "not-running", signal }));
    const back = await poll(restartTimeout, returned, signal);
    if (back === undefined || back === "removed") return;
  }
}

/**
 * Gives a guard that has been told, by its machine's removal, the time to tidy up, so that nothing is left
 * when the task has ended. One that was stopped is removed.
 */
export async function waitGuardEnd(engine: Engine, id: string): Promise<void> {
  const ended = async () => {
    const state = (await findContainer(engine, id))?.State;
    return state === undefined || !(state.Running || state.Restarting) ? "ended" : undefined;
  };
  if ((await poll(endTimeout, ended)) === undefined) return;
  await ignoreRemoved(removeContainer(engine, id, { force: true, volumes: true }));
}

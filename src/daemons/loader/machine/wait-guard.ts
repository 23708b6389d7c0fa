import { findContainer, ignoreRemoved } from "#daemons/loader/find-container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { removeContainer, waitContainer } from "#engine/containers.ts";
import { poll } from "#ops/task/poll.ts";

/** Milliseconds within which its engine starts a guard again that was killed. */
const restartTimeout = 20_000;
/** Milliseconds; a guard needs moments to tidy up, unless its engine is away. */
const endTimeout = 20_000;

/** Resolves when a guard has stopped and does not restart: someone has removed or stopped it. */
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
 * Waits for a guard to clean up after its machine's removal, so that nothing remains when the task has ended.
 * Removes a guard that was stopped.
 */
export async function waitGuardEnd(engine: Engine, id: string): Promise<void> {
  const ended = async () => {
    const state = (await findContainer(engine, id))?.State;
    return state === undefined || !(state.Running || state.Restarting) ? "ended" : undefined;
  };
  if ((await poll(endTimeout, ended)) === undefined) return;
  await ignoreRemoved(removeContainer(engine, id, { force: true, volumes: true }));
}

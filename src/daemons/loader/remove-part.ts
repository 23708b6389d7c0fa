import type { Engine } from "#engine/connection/engine.ts";
import { removeContainer } from "#engine/containers.ts";
import { removeRootImage } from "#image/build/root-image.ts";
import { label } from "#labels/machine.ts";
import { shutDown } from "#ops/machine/shut-down.ts";
import { findPart, ignoreRemoved } from "./find-container.ts";

export interface RemoveMachineOptions {
  /** Seconds that a machine which still runs has to shut down; 0 kills it. */
  readonly stopTimeout: number;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Whose machine, and its name or id. */
export interface LoadersMachine {
  readonly loader: string;
  readonly machine: string;
}

/** Stops a loader's machine if it runs, and removes it with its anonymous volumes and its image. */
export async function removeMachine(
  engine: Engine,
  { loader, machine }: LoadersMachine,
  { stopTimeout, note, signal }: RemoveMachineOptions,
): Promise<void> {
  const found = await findPart(engine, machine, { kind: "machine", loader }, signal);
  // By its name another's may be there.
  if (found === undefined) return;
  if (found.State.Running && stopTimeout > 0) {
    note(`${found.Name.slice(1)} has lost its loader: it has ${stopTimeout} s to shut down`);
    await ignoreRemoved(shutDown(engine, found.Id, { signal, timeout: stopTimeout }));
  }
  await ignoreRemoved(removeContainer(engine, found.Id, { force: true, volumes: true, signal }));
  // A folder's machine has an image of berth's, any other has the user's image, whatever its name.
  if (found.Config.Labels?.[label.root]) await removeRootImage(engine, found.Config.Image ?? "", signal);
}

/**
 * Removes a loader's guard by its name or id, unless it belongs to another loader. A guard that removes
 * itself ends by that.
 */
export async function removeGuard(
  engine: Engine,
  { loader, guard }: { readonly loader: string; readonly guard: string },
  signal: AbortSignal,
): Promise<void> {
  const found = await findPart(engine, guard, { kind: "guard", loader }, signal);
  if (found !== undefined)
    await ignoreRemoved(removeContainer(engine, found.Id, { force: true, volumes: true, signal }));
}

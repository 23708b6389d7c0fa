import { throughAbsence } from "#daemons/loader/guard/engine-away.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { removeContainer } from "#engine/containers.ts";
import { removeRootImage } from "#image/build/root-image.ts";
import { label } from "#labels/machine.ts";
import { shutDown } from "#ops/machine/shut-down.ts";
import { findPart, orGone } from "./find-container.ts";

export interface TidyOptions {
  /** Seconds that a machine which still runs has to shut down; 0 kills it. */
  readonly stopTimeout: number;
  readonly note: (text: string) => void;
}

/** Whose machine, and its name or id. */
export interface Tidied {
  readonly loader: string;
  readonly machine: string;
}

/**
 * Stops a loader's machine if it runs, and removes it with its anonymous volumes and its image. Does not
 * give up while the engine is away: there is nobody else to do it.
 */
export async function tidyMachine(
  engine: Engine,
  { loader, machine }: Tidied,
  { stopTimeout, note }: TidyOptions,
): Promise<void> {
  const never = new AbortController().signal;
  await throughAbsence(async () => {
    const found = await findPart(engine, machine, { kind: "machine", loader }, never);
    // By its name another's may be there.
    if (found === undefined) return;
    if (found.State.Running && stopTimeout > 0) {
      note(`${found.Name.slice(1)} has lost its loader: it has ${stopTimeout} s to shut down`);
      await orGone(shutDown(engine, found.Id, { signal: never, timeout: stopTimeout }));
    }
    await orGone(removeContainer(engine, found.Id, { force: true, volumes: true }));
    // From a folder it was made with an image of berth's, else with one of the user's, whatever that is
    // called.
    if (found.Config.Labels?.[label.root]) await removeRootImage(engine, found.Config.Image ?? "", never);
  }, never);
}

/**
 * Removes the guard of a loader, by its name or id, unless that is another's; one that removes itself ends
 * with that.
 */
export async function removeGuard(
  engine: Engine,
  { loader, guard }: { readonly loader: string; readonly guard: string },
): Promise<void> {
  const never = new AbortController().signal;
  await throughAbsence(async () => {
    const found = await findPart(engine, guard, { kind: "guard", loader }, never);
    if (found !== undefined) await orGone(removeContainer(engine, found.Id, { force: true, volumes: true }));
  }, never);
}

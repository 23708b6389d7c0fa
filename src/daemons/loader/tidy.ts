import { removeContainer } from "../../engine/containers.ts";
import type { Engine } from "../../engine/engine.ts";
import { removeRootImage } from "../../image/root-image.ts";
import { shutDown } from "../../ops/shut-down.ts";
import { label } from "../../plan/labels.ts";
import { throughAbsence } from "./engine-away.ts";
import { findContainer, orGone } from "./find-container.ts";

export interface TidyOptions {
  /** Seconds that a machine which still runs has to shut down; 0 kills it. */
  readonly stopTimeout: number;
  readonly note: (text: string) => void;
}

/** Whose machine, and what it is called. */
export interface Tidied {
  readonly loader: string;
  readonly machine: string;
}

/**
 * Stops a loader's machine if it runs, and removes it with its anonymous volumes and its image. Does not
 * give up while the engine is away: there is nobody else to do it.
 */
export async function tidyMachine(engine: Engine, { loader, machine }: Tidied, { stopTimeout, note }: TidyOptions): Promise<void> {
  const never = new AbortController().signal;
  await throughAbsence(async () => {
    const found = await findContainer(engine, machine, never);
    if (found === undefined || found.Config.Labels?.[label.loader] !== loader) return;
    if (found.State.Running && stopTimeout > 0) {
      note(`${machine} has lost its loader: it has ${stopTimeout} s to shut down`);
      await orGone(shutDown(engine, found.Id, { signal: never, timeout: stopTimeout }));
    }
    await orGone(removeContainer(engine, found.Id, { force: true, volumes: true }));
    await removeRootImage(engine, found.Config.Image ?? "", never);
  }, never);
}

/** Removes a guard, by its name or id; one that removes itself ends with that. */
export async function removeGuard(engine: Engine, name: string): Promise<void> {
  const never = new AbortController().signal;
  await throughAbsence(() => orGone(removeContainer(engine, name, { force: true, volumes: true })), never);
}

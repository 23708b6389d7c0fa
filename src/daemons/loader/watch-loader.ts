import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../../engine/engine.ts";
import { watchEvents } from "../../engine/events.ts";
import { throughAbsence } from "./engine-away.ts";
import { findContainer } from "./find-container.ts";
import type { Tidied } from "./tidy.ts";

/**
 * How a loader ended: it has removed its machine itself; it was told to stop, so that its machine has had all the time that the
 * service gives it; or it died of something else.
 */
export type LoaderEnd = "done" | "asked" | "died";

const pauseMs = 250;

/** Resolves when a loader's container runs no more, or has removed its machine, however long the engine is away meanwhile. */
export async function watchLoader(engine: Engine, watched: Tidied, signal: AbortSignal): Promise<LoaderEnd> {
  const seen = { asked: false };
  for (;;) {
    const end = await throughAbsence(() => watchOnce(engine, watched, seen, signal), signal);
    if (end !== undefined) return end;
    // The engine ended the stream: it is shutting down.
    await sleep(pauseMs, undefined, { signal });
  }
}

/** Undefined when the watch has ended and not the loader. */
async function watchOnce(
  engine: Engine,
  { loader, machine }: Tidied,
  seen: { asked: boolean },
  signal: AbortSignal,
): Promise<LoaderEnd | undefined> {
  const events = await watchEvents(engine, { filters: { type: ["container"], container: [loader, machine] }, signal });
  const ended = () => (seen.asked ? "asked" : "died");
  // Looked at after the watch has begun, so that nothing falls between.
  if (!(await findContainer(engine, loader, signal))?.State.Running) return ended();
  for await (const { Action, Actor } of events) {
    if (Actor.ID !== loader) {
      if (Action === "destroy") return "done";
    } else if (Action === "die" || Action === "destroy") return ended();
    else if (Action === "kill" && stopping.includes(Actor.Attributes.signal ?? "")) seen.asked = true;
  }
  return undefined;
}

/** SIGTERM and SIGINT, by which engines and people ask for an end. */
const stopping: readonly string[] = ["15", "2"];

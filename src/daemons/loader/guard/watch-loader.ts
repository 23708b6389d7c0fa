import { setTimeout as sleep } from "node:timers/promises";
import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import { findContainer } from "#daemons/loader/find-container.ts";
import type { LoadersMachine } from "#daemons/loader/remove-part.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { watchEvents } from "#engine/events.ts";
import { label } from "#labels/machine.ts";
import { type LoaderEnd, parseLoaderEvent } from "#plan/loader/loader-end.ts";

/** A loader and its machine, and the name of the guard that watches them. */
export interface Watched extends LoadersMachine {
  readonly guard: string;
}

/** Milliseconds between the end of a watch and the next. */
const pollInterval = 250;

/**
 * Resolves when a loader's container has stopped or has removed its machine. Survives absences of the engine,
 * and covers the time while the guard itself was being restarted.
 */
export async function watchLoader(engine: Engine, watched: Watched, signal: AbortSignal): Promise<LoaderEnd> {
  const seen = { asked: false, machine: false };
  for (;;) {
    const end = await retryWhileAway(() => watchOnce(engine, watched, seen, signal), signal);
    if (end !== undefined) return end;
    // The engine ended the stream: it is shutting down.
    await sleep(pollInterval, undefined, { signal });
  }
}

/** Undefined when the watch has ended and not the loader. */
async function watchOnce(
  engine: Engine,
  { loader, machine, guard }: Watched,
  seen: { asked: boolean; machine: boolean },
  signal: AbortSignal,
): Promise<LoaderEnd | undefined> {
  const [guarding, loading, running] = await Promise.all(
    [guard, loader, machine].map((name) => findContainer(engine, name, signal)),
  );
  const lives = loading?.State.Running ?? false;
  if (running?.Config.Labels?.[label.loader] === loader) seen.machine = true;
  // An engine that was away may have lost its events.
  else if (seen.machine) return "done";
  const now = Date.now() / 1000;
  // Use a time before now even if a clock was set back: an engine refuses a range that ends before it begins.
  const since = guarding && Math.min(Date.parse(guarding.Created) / 1000, now);
  const events = await watchEvents(engine, {
    filters: { type: ["container"], container: [loader, machine] },
    // Start at the guard's creation, so that no event falls between two watches, or between a look and a
    // watch. Seeing an event twice is harmless.
    ...(since !== undefined && { since }),
    // For a loader that has ended, request past events only: that stream ends.
    ...(!lives && { until: now }),
    signal,
  });
  const ended = () => (seen.asked ? "asked" : "died");
  for await (const event of events) {
    const news = parseLoaderEvent(event, loader);
    if (news === "done") return news;
    if (news === "ended") return ended();
    if (news === "asked") seen.asked = true;
  }
  return lives ? undefined : ended();
}

import type { EventMessage } from "#api/event.ts";
import type { Filters } from "#api/filters.ts";
import type { Engine } from "./connection/engine.ts";
import { readJsonLines } from "./connection/json-lines.ts";
import { requestStream } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

export interface WatchEventsOptions extends Abortable {
  readonly filters?: Filters;
  /** Unix time in seconds, with a fraction if wanted: what happened since then comes first. */
  readonly since?: number;
  /** When to end the watch. Default: never. */
  readonly until?: number;
}

/**
 * Watches the engine. Resolves when the engine has answered, which is a moment before its watch begins: give
 * a `since` from before to miss nothing. Leave the loop to end it.
 */
export async function watchEvents(
  engine: Engine,
  options: WatchEventsOptions = {},
): Promise<AsyncIterable<EventMessage>> {
  const { signal, ...query } = options;
  return readJsonLines<EventMessage>(
    engine,
    await requestStream(engine, { path: "/events", query, signal }),
    signal,
  );
}

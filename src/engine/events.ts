import type { Engine } from "./connection/engine.ts";
import { readJsonLines } from "./connection/json-lines.ts";
import { requestStream } from "./connection/request.ts";
import type { Abortable, Filters } from "./containers.ts";

export interface EventMessage {
  readonly Type: string;
  /** Such as "start", "die", or "exec_start: COMMAND". */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope?: "local" | "swarm";
  /** Unix time, seconds. */
  readonly time: number;
  readonly timeNano: number;
}

export interface WatchEventsOptions extends Abortable {
  readonly filters?: Filters;
  /** Unix time in seconds, with a fraction if wanted: what happened since then comes first. */
  readonly since?: number;
  /** Ends the watch then; it goes on for ever by default. */
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

import { label } from "#labels/machine.ts";

/**
 * How a loader ended. It removed its machine itself; it was asked to stop, so that its machine has had the
 * whole stop timeout; or it died otherwise.
 */
export type LoaderEnd = "done" | "asked" | "died";

/** An event of a container as the engine tells it. */
interface ContainerEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** SIGTERM and SIGINT, by which engines and people ask for an end. */
const stopSignals: readonly string[] = ["15", "2"];

/** The loader's end according to an event of it or its machine; undefined for other events. */
export function parseLoaderEvent(
  { Action, Actor }: ContainerEvent,
  loader: string,
): "asked" | "ended" | "done" | undefined {
  // By the label, since an earlier machine may have had the same name.
  if (Action === "destroy" && Actor.Attributes[label.loader] === loader) return "done";
  if (Actor.ID !== loader) return undefined;
  if (Action === "die" || Action === "destroy") return "ended";
  return Action === "kill" && stopSignals.includes(Actor.Attributes.signal ?? "") ? "asked" : undefined;
}

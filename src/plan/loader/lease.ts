/** Who has a folder: written into its lease, so that others can say it. */
export interface LeaseHolder {
  /** The machine's container's name. */
  readonly machine: string;
  /** Its loader's container, by its id; undefined in a lease of before that was written down. */
  readonly loader?: string;
  /** The engine's own id, which tells apart the nodes that share the folder, and the node's name. */
  readonly engine: string;
  readonly node: string;
}

/**
 * What has become of a holder on the same engine: its loader runs; the loader is gone and its guard tidies
 * up; nothing is left.
 */
export type HolderState = "alive" | "leaving" | "gone";

export interface LeaseSight {
  /** Whether nobody else holds the lock, so that now we do. */
  readonly locked: boolean;
  /** Undefined for a lease that nobody has written. */
  readonly holder: LeaseHolder | undefined;
  readonly own: LeaseHolder;
  /** Of a holder on the same engine. */
  readonly state: HolderState | undefined;
  /** Milliseconds for which the lock was found free with the same holder written. */
  readonly freeFor: number;
}

/**
 * Milliseconds. A guard that was killed takes its lock again within this time; so long the free lock of
 * another node is not believed.
 */
export const gracePeriod = 15_000;

/** Whether a lease is to be taken, to be waited for, or another's. */
export function judgeLease({ locked, holder, own, state, freeFor }: LeaseSight): "take" | "wait" | "refuse" {
  if (holder === undefined || isSame(holder, own)) return locked ? "take" : "wait";
  if (holder.engine === own.engine)
    return state === "alive" ? "refuse" : state === "gone" && locked ? "take" : "wait";
  if (!locked) return "refuse";
  return freeFor >= gracePeriod ? "take" : "wait";
}

export function isSame(a: LeaseHolder, b: LeaseHolder): boolean {
  return a.machine === b.machine && a.engine === b.engine;
}

/** Reads a lease's text; undefined for what is none, as an empty file is. */
export function parseHolder(text: string): LeaseHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<LeaseHolder> | null;
    const { machine, loader, engine, node } = value ?? {};
    if (typeof machine !== "string" || typeof engine !== "string" || typeof node !== "string")
      return undefined;
    return { machine, ...(typeof loader === "string" && { loader }), engine, node };
  } catch {
    // Written by nobody, or by one that was killed while it wrote.
    return undefined;
  }
}

/** What every lease begins with: whoever writes one names its machine first. */
const beginning = '{"machine":"';

/**
 * Whether a file's text is a lease's: a holder, what one that was killed has written of it, or nothing yet,
 * be it as zeros after a loss of power.
 */
export function isLease(text: string): boolean {
  return (
    /^\0*$/.test(text) ||
    parseHolder(text) !== undefined ||
    text.startsWith(beginning) ||
    beginning.startsWith(text)
  );
}

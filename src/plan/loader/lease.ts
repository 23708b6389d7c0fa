/** The holder of a folder, written into its lease, so that other guards can name it. */
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
  /** Whether the lock was free, so that this guard now holds it. */
  readonly locked: boolean;
  /** Undefined for an empty lease. */
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

/** Whether to take a lease, to wait for it, or to give up, since another holds it. */
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

/** Parses a lease's text; undefined for an invalid one, such as an empty file. */
export function parseHolder(text: string): LeaseHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<LeaseHolder> | null;
    const { machine, loader, engine, node } = value ?? {};
    if (typeof machine !== "string" || typeof engine !== "string" || typeof node !== "string")
      return undefined;
    return { machine, ...(typeof loader === "string" && { loader }), engine, node };
  } catch {
    // Empty, or partially written by a killed process.
    return undefined;
  }
}

/** The beginning of every lease: the machine's name comes first. */
const beginning = '{"machine":"';

/**
 * Whether a file's text is a lease: a holder, a partial one of a killed process, or nothing yet (zeros after
 * a power loss included).
 */
export function isLease(text: string): boolean {
  return (
    /^\0*$/.test(text) ||
    parseHolder(text) !== undefined ||
    text.startsWith(beginning) ||
    beginning.startsWith(text)
  );
}

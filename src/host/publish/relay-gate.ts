import { readFileSync } from "node:fs";

/** How many connections may be relayed at once: over all ports of a machine, and at each. */
export interface RelayLimits {
  readonly all: number;
  readonly each: number;
}

/**
 * As many as a service on loopback has use for; what each of them may hold in memory is some hundred
 * kilobytes.
 */
const most = 2_000;
/** Descriptors for the rest of this process: its engine, files, and the programs that change the rules. */
const ownDescriptors = 128;

/**
 * The limits for a process with this descriptor limit and this many bound ports. A connection takes two
 * descriptors: all of them together leave half of the rest free, and no single port can take all.
 */
export function relayLimits(descriptors: number, ports: number): RelayLimits {
  const all = Math.max(2, Math.min(most, Math.floor((descriptors - ports - ownDescriptors) / 4)));
  return { all, each: Math.ceil(all / 2) };
}

/** How many descriptors this process may have (proc_pid_limits(5)). */
export function readDescriptorLimit(): number {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Counts relayed connections over all ports. Calls `tell` once, when it first rejects one. */
export class RelayGate {
  readonly #limits: RelayLimits;
  readonly #tell: (text: string) => void;
  #open = 0;
  #isTold = false;

  constructor(limits: RelayLimits, tell: (text: string) => void) {
    this.#limits = limits;
    this.#tell = tell;
  }

  /**
   * The gate of one port, with its name for messages: admits one more connection and returns the function to
   * call at its end; undefined above the limit.
   */
  at(label: string): () => (() => void) | undefined {
    let own = 0;
    return () => {
      const { all, each } = this.#limits;
      if (own >= each || this.#open >= all) {
        this.#refuse(
          own >= each ? `${label} has ${each} relayed connections` : `there are ${all} relayed connections`,
        );
        return undefined;
      }
      own++;
      this.#open++;
      return () => {
        own--;
        this.#open--;
      };
    };
  }

  #refuse(why: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#tell(`${why}, the maximum: berth closes new ones until some end. (Logged once.)`);
  }
}

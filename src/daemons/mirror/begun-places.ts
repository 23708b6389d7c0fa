import { closeSync } from "node:fs";
import { type MountedMirror, mountMirror } from "#host/mirror/mounts.ts";
import { clearPlace, dropMirrors } from "#host/mirror/place.ts";

/** A start that takes longer between its two steps has failed. */
const longestStartMs = 20_000;

/** Places whose mirrors have no files to show yet: readers block there. */
export class BegunPlaces {
  readonly #begun = new Map<string, { readonly mirror: MountedMirror; readonly until: number }>();

  get isEmpty(): boolean {
    return this.#begun.size === 0;
  }

  has(place: string): boolean {
    return this.#begun.has(place);
  }

  /** Takes the engine's mount away from a place, and mounts a mirror there. */
  begin(place: string): void {
    this.#begin(place, clearPlace);
  }

  /**
   * Mounts a mirror again. An engine that was started anew may look at its own mount there right now: that
   * stays below, since the place would be empty for a moment without it.
   */
  beginAgain(place: string): void {
    this.#begin(place, dropMirrors);
  }

  #begin(place: string, prepare: (place: string) => void): void {
    this.giveUp(place);
    prepare(place);
    this.#begun.set(place, { mirror: mountMirror(place), until: performance.now() + longestStartMs });
  }

  /** Hands the mirror of a place to `work`. If that fails, releases blocked readers. */
  finish<T>(place: string, work: (mirror: MountedMirror) => T): T {
    try {
      const begun = this.#begun.get(place);
      if (begun === undefined) throw new Error(`nothing is mounted at ${place}`);
      const result = work(begun.mirror);
      this.#begun.delete(place);
      return result;
    } catch (error) {
      this.giveUp(place);
      throw error;
    }
  }

  /** Closes the mirror of a place, if it has one, which releases blocked readers. */
  giveUp(place: string): void {
    const begun = this.#begun.get(place);
    if (begun !== undefined) closeSync(begun.mirror.device);
    this.#begun.delete(place);
  }

  /** Gives up the starts that were broken off. */
  giveUpLate(): void {
    for (const [place, { until }] of this.#begun) if (performance.now() >= until) this.giveUp(place);
  }
}

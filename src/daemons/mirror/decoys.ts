import { closeSync } from "node:fs";
import { answerForDecoy } from "#host/mirror/decoy-requests.ts";
import { openFuse } from "#host/mirror/mounts.ts";
import type { OwnProcess } from "#host/mirror/own-process.ts";
import { dropDecoy, hasDecoy, isOfDecoy, isOfEngine } from "#host/mirror/place.ts";
import { startDecoy } from "#host/mirror/served.ts";
import { detachMount } from "#host/syscall/syscalls.ts";
import { mountsAt } from "#linux/mountinfo.ts";
import type { Faults } from "./faults.ts";
import type { LeftProcesses } from "./left-processes.ts";

/** The mount of a decoy takes milliseconds, unless a machine keeps back what its readers ask for. */
const longestMountMs = 5_000;
/** An engine takes its own mount away at once after it was started anew, unless it was killed meanwhile. */
const longestLookMs = 500;

/** Where a decoy lies, or is about to. */
interface Decoy {
  readonly place: string;
  readonly device: number;
  /** Whether its file system is mounted, and so can be read from. */
  isMounted: boolean;
  /** While it is mounted. */
  mounting: { readonly process: OwnProcess; readonly until: number } | undefined;
  /** Since when an engine has its own mount over it. */
  lookedSince: number | undefined;
  /** To be called once it is mounted, or cannot be. */
  readonly waiting: (() => void)[];
}

/** A descriptor to poll, and what to do once it is readable. */
interface Watched {
  readonly file: number;
  readonly act: () => void;
}

/** The decoys over mirrors, by the machines' states: see host/mirror/decoy.ts. */
export class Decoys {
  readonly #faults: Faults;
  readonly #left: LeftProcesses;
  readonly #decoys = new Map<string, Decoy>();

  constructor(faults: Faults, left: LeftProcesses) {
    this.#faults = faults;
    this.#left = left;
  }

  has(state: string): boolean {
    return this.#decoys.has(state);
  }

  get watched(): readonly Watched[] {
    return [...this.#decoys].flatMap(([state, decoy]) => [
      ...(decoy.isMounted ? [{ file: decoy.device, act: () => this.#answer(state, decoy) }] : []),
      ...(decoy.mounting === undefined
        ? []
        : [{ file: decoy.mounting.process.ended, act: () => this.#finish(state, decoy) }]),
    ]);
  }

  /** When `settle` has something to do at the latest, by performance.now(). */
  get until(): number {
    const times = [...this.#decoys.values()].flatMap(({ mounting, lookedSince }) => [
      ...(mounting === undefined ? [] : [mounting.until]),
      ...(lookedSince === undefined ? [] : [lookedSince + longestLookMs]),
    ]);
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }

  /** Puts a decoy over a place, if there is none. Calls `done` once it is there, or cannot be. */
  put(state: string, place: string, done: () => void): void {
    const present = this.#decoys.get(state);
    if (present !== undefined) {
      if (present.mounting === undefined) done();
      else present.waiting.push(done);
      return;
    }
    try {
      const device = openFuse();
      const decoy: Decoy = {
        place,
        device,
        isMounted: false,
        mounting: undefined,
        lookedSince: undefined,
        waiting: [done],
      };
      this.#decoys.set(state, decoy);
      decoy.mounting = { process: startDecoy(device, place), until: performance.now() + longestMountMs };
    } catch (error) {
      this.#faults.say(state, error);
      this.forget(state);
      done();
    }
  }

  /** Forgets the decoy of a machine, whose mounts the caller takes away. */
  forget(state: string): void {
    const decoy = this.#decoys.get(state);
    if (decoy === undefined) return;
    this.#decoys.delete(state);
    const process = decoy.mounting?.process;
    if (process !== undefined) {
      process.kill();
      this.#left.add({ state, process });
    }
    closeSync(decoy.device);
    for (const done of decoy.waiting) done();
  }

  /** Gives up what takes too long, and takes away what an engine that was killed has left over a decoy. */
  settle(): void {
    const now = performance.now();
    for (const [state, decoy] of this.#decoys) {
      if (decoy.mounting !== undefined && now >= decoy.mounting.until) {
        this.#faults.say(state, "no decoy can be mounted: an answer takes too long");
        this.#takeAway(state, decoy);
      } else if (decoy.lookedSince !== undefined && now >= decoy.lookedSince + longestLookMs) {
        decoy.lookedSince = undefined;
        this.#faults.within(state, () => detachMount(decoy.place), undefined);
      }
    }
  }

  /** Notices what engines have mounted over decoys, and mounts decoys again that were unmounted. */
  look(mountinfo: string): void {
    for (const [state, decoy] of this.#decoys) {
      const mounts = mountsAt(mountinfo, decoy.place);
      decoy.isMounted ||= mounts.some((mount) => isOfDecoy(mount));
      if (decoy.mounting !== undefined) continue;
      const top = mounts.at(-1);
      if (top !== undefined && isOfEngine(top)) decoy.lookedSince ??= performance.now();
      else decoy.lookedSince = undefined;
      if (top !== undefined && (isOfEngine(top) || isOfDecoy(top, "overlay"))) continue;
      this.#takeAway(state, decoy);
      this.put(state, decoy.place, () => {});
    }
  }

  #answer(state: string, decoy: Decoy): void {
    if (this.#decoys.get(state) !== decoy) return;
    const isMounted = this.#faults.within(
      state,
      () => answerForDecoy(decoy.device, () => dropDecoy(decoy.place)),
      false,
    );
    if (decoy.mounting !== undefined) return;
    // What an engine that asks at this very moment has mounted is taken away later.
    if (!isMounted || !hasDecoy(decoy.place)) this.#takeAway(state, decoy);
  }

  #finish(state: string, decoy: Decoy): void {
    const isDone = decoy.mounting?.process.hasDone();
    if (isDone === undefined || this.#decoys.get(state) !== decoy) return;
    decoy.mounting = undefined;
    if (!isDone) {
      this.#faults.say(state, "no decoy can be mounted");
      this.#takeAway(state, decoy);
      return;
    }
    for (const done of decoy.waiting.splice(0)) done();
  }

  #takeAway(state: string, decoy: Decoy): void {
    this.#faults.within(state, () => dropDecoy(decoy.place), undefined);
    this.forget(state);
  }
}

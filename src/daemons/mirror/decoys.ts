import { closeSync } from "node:fs";
import { leaveDirectory, mountForDecoy } from "#host/mirror/decoy.ts";
import type { OwnProcess } from "#host/mirror/own-process.ts";
import { dropDecoy, isOfDecoy, isOfEngine, uncoverPlace } from "#host/mirror/place.ts";
import { startDecoy } from "#host/mirror/served.ts";
import type { ShownFiles } from "#host/mirror/shown-files.ts";
import { isThere, type StartedProcess } from "#host/process/process-stat.ts";
import { lastMountAt } from "#linux/mountinfo.ts";
import type { Faults } from "./faults.ts";
import type { LeftProcesses } from "./left-processes.ts";

/** The mount of a decoy takes milliseconds, unless a machine keeps back what its readers ask for. */
const longestMountMs = 2_000;
/**
 * How often an engine is looked for that has something mounted over a decoy: the next one, which takes longer
 * to start, would count it as its own.
 */
const checkMs = 50;

/** Where a decoy lies, or is about to. */
interface Decoy {
  readonly place: string;
  /** The mirror that it shows. */
  readonly files: ShownFiles;
  /** While it is mounted. */
  mounting: Mounting | undefined;
  /** Who has asked, and will mount something over it. */
  engine: StartedProcess | undefined;
  /** When to see whether that engine still lives: it has something mounted over the decoy. */
  checkAt: number | undefined;
  /** To be called once it is mounted, or cannot be. */
  readonly waiting: (() => void)[];
}

interface Mounting {
  readonly process: OwnProcess;
  readonly directory: string;
  readonly until: number;
}

/** What a decoy is put over. */
export interface DecoyPlace {
  readonly state: string;
  readonly place: string;
  readonly engine?: StartedProcess | undefined;
}

/** The decoys over mirrors, by the machines' states: see host/mirror/decoy.ts. */
export class Decoys {
  readonly #faults: Faults;
  readonly #left: LeftProcesses;
  readonly #close: (state: string, files: ShownFiles) => void;
  readonly #decoys = new Map<string, Decoy>();
  /** What was taken away from an engine that asks for it at this moment, with the machines' states. */
  readonly #taken = new Map<ShownFiles, string>();

  constructor(faults: Faults, left: LeftProcesses, close: (state: string, files: ShownFiles) => void) {
    this.#faults = faults;
    this.#left = left;
    this.#close = close;
  }

  has(state: string): boolean {
    return this.#decoys.has(state);
  }

  /** All that may be asked for by way of decoys. */
  get shownFiles(): readonly ShownFiles[] {
    return [...[...this.#decoys.values()].map(({ files }) => files), ...this.#taken.keys()];
  }

  /** The same of one machine. */
  filesOf(state: string): readonly ShownFiles[] {
    const decoy = this.#decoys.get(state);
    const taken = [...this.#taken].flatMap(([files, whose]) => (whose === state ? [files] : []));
    return decoy === undefined ? taken : [decoy.files, ...taken];
  }

  /** Processes that are waited for. */
  get mounting(): readonly { readonly ended: number; readonly finish: () => void }[] {
    return [...this.#decoys].flatMap(([state, decoy]) =>
      decoy.mounting === undefined
        ? []
        : [{ ended: decoy.mounting.process.ended, finish: () => this.#finish(state, decoy) }],
    );
  }

  /** When `settle` has something to do at the latest, by performance.now(). */
  get until(): number {
    return Math.min(
      ...[...this.#decoys.values()].map(({ mounting, checkAt }) =>
        Math.min(mounting?.until ?? Number.POSITIVE_INFINITY, checkAt ?? Number.POSITIVE_INFINITY),
      ),
    );
  }

  /**
   * Puts a decoy over a mirror, if there is none. Calls `done` once it is there, or cannot be. Throws where
   * it cannot even be tried.
   */
  put({ state, place, engine }: DecoyPlace, shown: ShownFiles, done: () => void): void {
    const present = this.#decoys.get(state);
    if (present !== undefined) {
      // Whoever has asked last mounts something last.
      present.engine = engine ?? present.engine;
      if (present.mounting === undefined) done();
      else present.waiting.push(done);
      return;
    }
    const { directory, mirror } = mountForDecoy();
    let files: ShownFiles | undefined;
    try {
      files = shown.asDecoy(mirror);
      const process = startDecoy(place, directory);
      const mounting = { process, directory, until: performance.now() + longestMountMs };
      this.#decoys.set(state, { place, files, mounting, engine, checkAt: undefined, waiting: [done] });
    } catch (error) {
      if (files === undefined) closeSync(mirror.device);
      else this.#close(state, files);
      leaveDirectory(directory);
      throw error;
    }
  }

  /**
   * Takes the decoy away by which an engine asks, and which it is answered after. Does nothing where that has
   * been done already, for another question.
   */
  take(state: string, files: ShownFiles): void {
    const decoy = this.#decoys.get(state);
    if (decoy?.files !== files) return;
    this.#takeAway(state, decoy);
    // It ends by itself once nobody has the decoy any more.
    this.#taken.set(files, state);
  }

  /** Drops the decoys of a machine, whose mounts the caller takes away. */
  forget(state: string): void {
    const decoy = this.#decoys.get(state);
    const all = this.filesOf(state);
    if (decoy !== undefined) this.#end(state, decoy);
    for (const files of all) {
      this.#taken.delete(files);
      this.#close(state, files);
    }
  }

  /** Notices that what a decoy shows is mounted nowhere any more, or has failed. False for other files. */
  lose(files: ShownFiles): boolean {
    const taken = this.#taken.get(files);
    if (taken !== undefined) {
      this.#taken.delete(files);
      this.#close(taken, files);
      return true;
    }
    const found = [...this.#decoys].find(([, decoy]) => decoy.files === files);
    if (found === undefined) return false;
    // The next question of an engine's brings another.
    this.#giveUp(...found);
    return true;
  }

  /** Gives up what takes too long, and takes away what an engine that was killed has left over a decoy. */
  settle(): void {
    const now = performance.now();
    for (const [state, decoy] of [...this.#decoys]) {
      if (decoy.mounting !== undefined && now >= decoy.mounting.until) {
        this.#faults.say(state, "no decoy can be mounted: an answer takes too long");
        this.#giveUp(state, decoy);
      } else if (decoy.checkAt !== undefined && now >= decoy.checkAt) {
        decoy.checkAt = now + checkMs;
        if (decoy.engine === undefined || !isThere(decoy.engine))
          this.#faults.within(state, () => uncoverPlace(decoy.place), undefined);
      }
    }
  }

  /** Notices what engines mount over decoys and unmount of them. */
  look(mountinfo: string): void {
    for (const [state, decoy] of [...this.#decoys]) {
      if (decoy.mounting !== undefined) continue;
      const top = lastMountAt(mountinfo, decoy.place);
      if (top !== undefined && isOfEngine(top)) {
        decoy.checkAt ??= performance.now() + checkMs;
        continue;
      }
      decoy.checkAt = undefined;
      // An engine that was too slow has unmounted the decoy in place of its own.
      if (top === undefined || !isOfDecoy(top)) this.#renew(state, decoy);
    }
  }

  #renew(state: string, decoy: Decoy): void {
    const { place, engine, files } = decoy;
    this.#takeAway(state, decoy);
    this.#faults.within(state, () => this.put({ state, place, engine }, files, () => {}), undefined);
    this.#close(state, files);
  }

  #giveUp(state: string, decoy: Decoy): void {
    this.#takeAway(state, decoy);
    this.#close(state, decoy.files);
  }

  #finish(state: string, decoy: Decoy): void {
    if (this.#decoys.get(state) !== decoy || decoy.mounting === undefined) return;
    const isDone = decoy.mounting.process.hasDone();
    if (isDone === undefined) return;
    this.#leave(state, decoy.mounting);
    decoy.mounting = undefined;
    if (isDone) {
      for (const done of decoy.waiting.splice(0)) done();
      return;
    }
    this.#faults.say(state, "no decoy can be mounted");
    this.#giveUp(state, decoy);
  }

  #takeAway(state: string, decoy: Decoy): void {
    this.#faults.within(state, () => dropDecoy(decoy.place), undefined);
    this.#end(state, decoy);
  }

  /** Ends what is known of a decoy, but for its files. */
  #end(state: string, decoy: Decoy): void {
    this.#decoys.delete(state);
    if (decoy.mounting !== undefined) {
      const { process } = decoy.mounting;
      process.kill();
      this.#left.add({ state, process });
      this.#leave(state, decoy.mounting);
    }
    for (const done of decoy.waiting.splice(0)) done();
  }

  #leave(state: string, { directory }: Mounting): void {
    this.#faults.within(state, () => leaveDirectory(directory), undefined);
  }
}

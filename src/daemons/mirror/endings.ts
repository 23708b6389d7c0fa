import type { EndOfFileSystem } from "#host/mirror/end-of-file-system.ts";
import { giveBack } from "#host/mirror/place.ts";
import type { MirrorPlan } from "#host/mirror/request.ts";
import type { Faults } from "./faults.ts";
import type { LeftProcesses } from "./left-processes.ts";

/** An ended machine whose files are still mounted somewhere. */
interface Ending {
  readonly plan: MirrorPlan;
  readonly end: EndOfFileSystem | undefined;
  /** Deadline, by performance.now(). */
  readonly until: number;
  readonly done: Done;
}

/** Called when the engine's own mount is back, or with the reason why it is not. */
export type Done = (error?: string) => void;

/** The file system of a machine is written out within that, or the kernel says in its log that it was not. */
const longestEndMs = 5_000;

/** The machines that have ended, whose places are to be given back to the engine. */
export class Endings {
  readonly #faults: Faults;
  readonly #left: LeftProcesses;
  #endings: readonly Ending[] = [];

  constructor(faults: Faults, left: LeftProcesses) {
    this.#faults = faults;
    this.#left = left;
  }

  get all(): readonly Pick<Ending, "end" | "until">[] {
    return this.#endings;
  }

  has(state: string): boolean {
    return this.#endings.some(({ plan }) => plan.state === state);
  }

  add(plan: MirrorPlan, end: EndOfFileSystem | undefined, done: Done): void {
    this.#endings = [...this.#endings, { plan, end, until: performance.now() + longestEndMs, done }];
  }

  /** Gives back the places of machines whose files are not mounted any more. */
  settle(): void {
    if (this.#endings.length === 0) return;
    const now = performance.now();
    const over = this.#endings.filter((ending) => now >= ending.until || this.#hasLetGo(ending));
    if (over.length === 0) return;
    this.#endings = this.#endings.filter((ending) => !over.includes(ending));
    for (const { plan, end, done } of over) {
      end?.close();
      try {
        giveBack(plan);
        done();
      } catch (error) {
        done(this.#faults.say(plan.state, error));
      }
    }
  }

  /**
   * Whether the machine's upper directory is free for another mount. A file system reports its end a moment
   * before it releases that directory, and mostly ends with its server process: only once that has exited is
   * the directory certainly free.
   */
  #hasLetGo({ plan, end }: Ending): boolean {
    return (end === undefined || end.hasEnded()) && !this.#left.has(plan.state);
  }
}

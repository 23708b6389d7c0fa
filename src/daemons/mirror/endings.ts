import type { EndOfFileSystem } from "#host/mirror/end-of-file-system.ts";
import { giveBack } from "#host/mirror/place.ts";
import type { MirrorPlan } from "#host/mirror/request.ts";
import type { Faults } from "./faults.ts";
import type { LeftProcesses } from "./left-processes.ts";

/** A machine that has ended, until its files are mounted nowhere any more. */
interface Ending {
  readonly plan: MirrorPlan;
  readonly end: EndOfFileSystem | undefined;
  /** When it is no longer waited for, by performance.now(). */
  readonly until: number;
  readonly done: Done;
}

/** Called when the engine's own mount is there again, or with the reason why it is not. */
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

  /** Gives places back whose machine's files are mounted nowhere any more. */
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
   * Whether the machine's upper directory can be another's. A file system says that it ends a moment before
   * it lets go of it, and mostly it ends with the process that has answered for it: only when that has ended,
   * too, has it certainly let go.
   */
  #hasLetGo({ plan, end }: Ending): boolean {
    return (end === undefined || end.hasEnded()) && !this.#left.has(plan.state);
  }
}

import { closeSync } from "node:fs";
import type { EndOfFileSystem } from "#host/mirror/end-of-file-system.ts";
import { cloneOf, deviceOf, type MountedMirror, mountMirror } from "#host/mirror/mounts.ts";
import {
  clearPlace,
  dropDoubled,
  giveBack,
  overlaysAt,
  readMountinfo,
  typeAt,
  uncoverPlace,
} from "#host/mirror/place.ts";
import type { MirrorPlan } from "#host/mirror/request.ts";
import type { ServerProcess } from "#host/mirror/server-process.ts";
import { ShownFiles } from "#host/mirror/shown-files.ts";
import { detachMount } from "#host/syscall/syscalls.ts";
import type { Faults } from "./faults.ts";

interface Mirror {
  readonly plan: MirrorPlan;
  readonly files: ShownFiles;
  /**
   * What lies over the engine's mounts over the mirror. An engine that was started anew does not count the
   * mirror for its own mount: it mounts its overlay over it for a look, and unmounts what is topmost
   * afterwards.
   */
  readonly covers: Set<ShownFiles>;
}

/** A machine that has ended, until its files are mounted nowhere any more. */
export interface Ending {
  readonly plan: MirrorPlan;
  readonly end: EndOfFileSystem | undefined;
  /** When it is no longer waited for, by performance.now(). */
  readonly until: number;
  readonly done: Done;
}

/** Called when the engine's own mount is there again, or with the reason why it is not. */
type Done = (error?: string) => void;

/** Who has answered for a machine, and has not ended yet. */
export interface Left {
  readonly state: string;
  readonly process: ServerProcess;
}

/** A start that takes longer between its two steps has failed. */
const longestStartMs = 20_000;
/** The file system of a machine is written out within that, or the kernel says in its log that it was not. */
const longestEndMs = 5_000;

/** A machine for which so many processes have not ended gets no mirror until one has. */
const mostLeft = 3;

/** The mirrors of a host, by the machines' states. */
export class Mirrors {
  readonly #faults: Faults;
  readonly #shown = new Map<string, Mirror>();
  #endings: readonly Ending[] = [];
  #left: readonly Left[] = [];
  /** Mirrors of machines whose own files are not mounted yet. */
  readonly #held = new Map<string, { readonly mirror: MountedMirror; readonly until: number }>();

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  get isEmpty(): boolean {
    return this.#shown.size === 0 && this.#endings.length === 0 && this.#held.size === 0;
  }

  /** All that may be asked for. */
  get shownFiles(): readonly ShownFiles[] {
    return [...this.#shown.values()].flatMap(({ files, covers }) => [files, ...covers]);
  }

  /** Processes of mirrors that have gone. */
  get left(): readonly Left[] {
    return this.#left;
  }

  /** Forgets those which have ended: the states of the machines that they have answered for. */
  reap(): readonly string[] {
    const left = this.#left.filter(({ process }) => process.hasDone() === undefined);
    const ended = this.#left.filter((one) => !left.includes(one));
    this.#left = left;
    return ended.map(({ state }) => state);
  }

  get endings(): readonly Ending[] {
    return this.#endings;
  }

  /** Whether a machine has its mirror, or is about to have it no more. */
  has(state: string): boolean {
    return this.#shown.has(state) || this.#endings.some(({ plan }) => plan.state === state);
  }

  /**
   * Takes the engine's mount away from a place, where whoever looks waits from now on for what `show` will
   * show.
   */
  clear(place: string): void {
    this.#letGo(place);
    clearPlace(place);
    this.#held.set(place, { mirror: mountMirror(place), until: performance.now() + longestStartMs });
  }

  /** Shows the files that a process has mounted at a path. */
  show(plan: MirrorPlan, pid: number, path: string): void {
    this.#drop(plan.state);
    const root = cloneOf(pid, path);
    try {
      // Whoever lives there may have mounted another over it.
      if (deviceOf(root) !== plan.device)
        throw Object.assign(new Error(`the machine's own files are not at ${path}`), { code: "ESTALE" });
      if (!this.#held.has(plan.place)) this.clear(plan.place);
      this.#shown.set(plan.state, { plan, files: this.#showHeld(plan, root), covers: new Set() });
    } catch (error) {
      closeSync(root);
      throw error;
    }
  }

  /** Where it fails nobody is left waiting at the place. */
  #showHeld({ place, range }: MirrorPlan, root: number): ShownFiles {
    try {
      const held = this.#held.get(place);
      if (held === undefined) throw new Error(`nothing is mounted at ${place}`);
      const files = new ShownFiles(held.mirror, root, range);
      this.#held.delete(place);
      return files;
    } catch (error) {
      this.#letGo(place);
      throw error;
    }
  }

  /** Ends a mirror: of a plan that is still to be read where it was never shown. */
  release(state: string, readPlan: () => MirrorPlan | undefined, done: Done): void {
    const mirror = this.#shown.get(state);
    const plan = mirror?.plan ?? readPlan();
    if (plan === undefined) {
      done();
      return;
    }
    const end = mirror?.files.watchEnd();
    // It is cleared once more before it is given back.
    this.#faults.within(state, () => clearPlace(plan.place), undefined);
    this.#drop(state);
    this.#endings = [...this.#endings, { plan, end, until: performance.now() + longestEndMs, done }];
  }

  /** Gives places back whose machine's files are mounted nowhere any more. */
  settle(): void {
    // A start that was broken off: whoever waits there is told so.
    for (const [place, { until }] of this.#held) if (performance.now() >= until) this.#letGo(place);
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
    return (end === undefined || end.hasEnded()) && !this.#left.some(({ state }) => state === plan.state);
  }

  /**
   * Lets go of a mirror that is of no more use, as when the engine has unmounted it. Whether a machine is
   * without one since.
   */
  lose(files: ShownFiles): boolean {
    for (const [state, mirror] of this.#shown) {
      if (mirror.files === files) {
        this.#drop(state);
        return true;
      }
      if (mirror.covers.delete(files)) {
        this.#close(state, files);
        this.#faults.within(state, () => this.#uncover(mirror), undefined);
      }
    }
    return false;
  }

  /** The engine has done with the mount that was covered; unless it has mounted another by now. */
  #uncover(mirror: Mirror): void {
    if (overlaysAt(mirror.plan.place) > 1) this.#cover(mirror);
    else uncoverPlace(mirror.plan.place);
  }

  /** Lets go of mirrors whose answers take too long, and tells whoever waits. Whether there was one. */
  loseStuck(): boolean {
    let isLost = false;
    for (const [state, { files, covers }] of this.#shown) {
      if (![files, ...covers].some((shown) => shown.isStuck())) continue;
      this.#faults.say(state, "an answer has taken too long, and whoever had it to give cannot be ended");
      this.#drop(state);
      isLost = true;
    }
    return isLost;
  }

  /** Whether too many wait for a machine without end already, each of which is a process of the host's. */
  isHoldingUp(state: string): boolean {
    return this.#left.filter((left) => left.state === state).length >= mostLeft;
  }

  /** Covers what engines have mounted over mirrors. */
  cover(): void {
    const mountinfo = readMountinfo();
    for (const [state, mirror] of this.#shown) {
      if (mirror.covers.size > 0 || typeAt(mirror.plan.place, mountinfo) !== "overlay") continue;
      this.#faults.within(state, () => this.#cover(mirror), undefined);
    }
  }

  /**
   * Never straight over a mirror: to mount there one waits for whoever looks there, and so for this server.
   */
  #cover({ plan, files, covers }: Mirror): void {
    const mirror = mountMirror(plan.place);
    try {
      covers.add(files.again(mirror));
    } catch (error) {
      closeSync(mirror.device);
      detachMount(plan.place);
      throw error;
    }
    // The engine may have been faster with its unmounting, which then will not take the cover away.
    dropDoubled(plan.place);
  }

  #drop(state: string): void {
    const mirror = this.#shown.get(state);
    for (const files of mirror === undefined ? [] : [mirror.files, ...mirror.covers])
      this.#close(state, files);
    this.#shown.delete(state);
  }

  #close(state: string, files: ShownFiles): void {
    this.#faults.within(state, () => files.abort(), undefined);
    const process = files.close();
    if (process !== undefined) this.#left = [...this.#left, { state, process }];
  }

  #letGo(place: string): void {
    const held = this.#held.get(place);
    if (held !== undefined) closeSync(held.mirror.device);
    this.#held.delete(place);
  }

  /** Whether a machine's files are still waited for. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }
}

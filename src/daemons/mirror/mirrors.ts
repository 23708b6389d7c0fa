import { closeSync } from "node:fs";
import { processOf } from "#host/mirror/engine-thread.ts";
import { cloneOf, deviceOf, mountMirror } from "#host/mirror/mounts.ts";
import {
  clearPlace,
  dropDecoy,
  dropDoubled,
  hasDecoy,
  isOfDecoy,
  isOfEngine,
  overlaysAt,
  readMountinfo,
  uncoverPlace,
} from "#host/mirror/place.ts";
import type { MirrorPlan } from "#host/mirror/request.ts";
import { ShownFiles } from "#host/mirror/shown-files.ts";
import { detachMount } from "#host/syscall/syscalls.ts";
import { lastMountAt } from "#linux/mountinfo.ts";
import { BegunPlaces } from "./begun-places.ts";
import { Decoys } from "./decoys.ts";
import { type Done, Endings } from "./endings.ts";
import type { Faults } from "./faults.ts";
import { LeftProcesses } from "./left-processes.ts";

interface Mirror {
  readonly plan: MirrorPlan;
  readonly files: ShownFiles;
  /**
   * Further mirrors, over what the engine has mounted over this one. A restarted engine does not recognize
   * the mirror as its own mount: it mounts its overlay on top to look at it, then unmounts whatever is
   * topmost.
   */
  readonly covers: Set<ShownFiles>;
}

/** The mirrors of a host, by the machines' states. */
export class Mirrors {
  readonly #faults: Faults;
  readonly #shown = new Map<string, Mirror>();
  readonly #begun = new BegunPlaces();
  readonly #left = new LeftProcesses();
  readonly #endings: Endings;
  readonly #decoys: Decoys;

  constructor(faults: Faults) {
    this.#faults = faults;
    this.#endings = new Endings(faults, this.#left);
    this.#decoys = new Decoys(faults, this.#left, (state, files) => this.#close(state, files));
  }

  get isEmpty(): boolean {
    return this.#shown.size === 0 && this.#endings.all.length === 0 && this.#begun.isEmpty;
  }

  /** Whether a machine's files are still waited for. */
  get isBeginning(): boolean {
    return !this.#begun.isEmpty;
  }

  get endings(): Endings["all"] {
    return this.#endings.all;
  }

  get left(): LeftProcesses {
    return this.#left;
  }

  get decoys(): Pick<Decoys, "mounting" | "until"> {
    return this.#decoys;
  }

  /** All that may be asked for. */
  get shownFiles(): readonly ShownFiles[] {
    return [
      ...[...this.#shown.values()].flatMap(({ files, covers }) => [files, ...covers]),
      ...this.#decoys.shownFiles,
    ];
  }

  /** Whether a machine has its mirror, or is about to lose it. */
  has(state: string): boolean {
    return this.#shown.has(state) || this.#endings.has(state);
  }

  /** Removes the engine's mount from a place. Readers block there from now on until `show`. */
  clear(place: string): void {
    this.#begun.begin(place);
  }

  /** Shows the files that a process has mounted at a path. */
  show(plan: MirrorPlan, pid: number, path: string): void {
    this.#drop(plan.state);
    const isAgain = !this.#begun.has(plan.place);
    const wasDecoyed = isAgain && hasDecoy(plan.place);
    const root = cloneOf(pid, path);
    try {
      // The machine may have mounted something else over it.
      if (deviceOf(root) !== plan.device)
        throw Object.assign(new Error(`cannot find the machine's own files at ${path}`), { code: "ESTALE" });
      if (isAgain) this.#begun.beginAgain(plan.place);
      const files = this.#begun.finish(plan.place, (mirror) => new ShownFiles(mirror, root, plan.range));
      this.#shown.set(plan.state, { plan, files, covers: new Set() });
      if (wasDecoyed)
        this.#faults.within(plan.state, () => this.#decoys.put(plan, files, () => {}), undefined);
    } catch (error) {
      closeSync(root);
      throw error;
    }
  }

  /**
   * A thread of an engine's asks the process that answers for a mirror which file system it is. Puts a decoy
   * over the mirror, or takes the decoy away that shows it. Calls `done` once the engine may be answered.
   */
  meetEngine(by: number, thread: number, done: () => void): void {
    const isServed = (files: ShownFiles) => files.isServedBy(by);
    for (const [state, { plan, files, covers }] of this.#shown) {
      const asked = this.#decoys.filesOf(state).find(isServed);
      if (asked !== undefined) this.#decoys.take(state, asked);
      else if ([files, ...covers].some(isServed)) {
        this.#decoys.put({ state, place: plan.place, engine: processOf(thread) }, files, done);
        return;
      }
    }
    done();
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
    this.#endings.add(plan, end, done);
  }

  /** Gives up starts that were broken off, and gives places back of machines that have ended. */
  settle(): void {
    this.#begun.giveUpLate();
    this.#decoys.settle();
    this.#endings.settle();
  }

  /**
   * Drops a mirror that has failed or that the engine has unmounted. True if a running machine lacks its
   * mirror now.
   */
  lose(files: ShownFiles): boolean {
    if (this.#decoys.lose(files)) return false;
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

  /** The engine is done with the covered mount, unless it has mounted another by now. */
  #uncover(mirror: Mirror): void {
    if (overlaysAt(mirror.plan.place) > 1) this.#cover(mirror);
    else uncoverPlace(mirror.plan.place);
  }

  /** Drops mirrors whose answers take too long, and releases their readers. True if there were any. */
  loseStuck(): boolean {
    let isLost = false;
    for (const [state, { files, covers }] of this.#shown) {
      if (![files, ...covers, ...this.#decoys.filesOf(state)].some((shown) => shown.isStuck())) continue;
      this.#faults.say(state, "an answer takes too long, and berth cannot kill the process that owes it");
      this.#drop(state);
      isLost = true;
    }
    return isLost;
  }

  /** Covers what engines have mounted over mirrors without asking first. */
  cover(): void {
    const mountinfo = readMountinfo();
    this.#decoys.look(mountinfo);
    for (const [state, mirror] of this.#shown) {
      const top = lastMountAt(mountinfo, mirror.plan.place);
      if (top === undefined || this.#decoys.has(state)) continue;
      // Whoever was to mount it was killed, and the kernel has gone on all the same.
      if (isOfDecoy(top)) this.#faults.within(state, () => dropDecoy(mirror.plan.place), undefined);
      if (mirror.covers.size > 0 || !isOfEngine(top)) continue;
      this.#faults.within(state, () => this.#cover(mirror), undefined);
    }
  }

  /**
   * Never mount straight over a mirror: mount(2) would wait for the mirror's readers, and so for this server.
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
    this.#decoys.forget(state);
    const mirror = this.#shown.get(state);
    for (const files of mirror === undefined ? [] : [mirror.files, ...mirror.covers])
      this.#close(state, files);
    this.#shown.delete(state);
  }

  #close(state: string, files: ShownFiles): void {
    this.#faults.within(state, () => files.abort(), undefined);
    const process = files.close();
    if (process !== undefined) this.#left.add({ state, process });
  }
}

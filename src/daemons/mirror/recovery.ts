import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MirrorPlan } from "#host/mirror/request.ts";
import { readMountinfoOf } from "#host/namespace/mountinfo-of.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { lastMountAt } from "#linux/mountinfo.ts";
import { stateFile, stateRoot } from "#oci/machine-state.ts";
import { isIsolated, readIsolated } from "#ops/runtime/state.ts";
import type { Faults } from "./faults.ts";
import type { Mirrors } from "./mirrors.ts";

/** The greatest depth of a runtime's root. */
const deepest = 16;
/** A start that takes longer has failed. */
const longestStartMs = 60_000;

/**
 * Shows the mirrors of an earlier server again: they vanished with its death, but the machines' plans remain.
 */
export class Recovery {
  readonly #mirrors: Mirrors;
  readonly #faults: Faults;
  #missing: readonly MirrorPlan[] = [];
  #until = 0;
  /** Machines that have no mirror until one has ended who waits for them. */
  readonly #heldUp = new Set<string>();

  constructor(mirrors: Mirrors, faults: Faults) {
    this.#mirrors = mirrors;
    this.#faults = faults;
  }

  /** Finds machines with a plan and shows missing mirrors. Retries failures for a while. */
  begin(): void {
    this.#missing = this.#findPlans(stateRoot, 0).filter(({ state }) => !this.#mirrors.has(state));
    this.#until = performance.now() + longestStartMs;
    this.look();
  }

  /** A process that answered for these machines has exited. */
  resume(states: readonly string[]): void {
    if (states.filter((state) => this.#heldUp.delete(state)).length > 0) this.begin();
  }

  /** Whether a machine may still lack its mirror because it has not begun yet. */
  get isMissing(): boolean {
    return this.#missing.length > 0;
  }

  /** False where it could not be, since the machine or the engine is about to end: it is tried again. */
  #show(plan: MirrorPlan, pid: number): boolean {
    try {
      this.#mirrors.show(plan, pid, "/");
      return true;
    } catch (error) {
      if (hasErrno(error, ["ENOENT", "ESRCH", "EINVAL", "EBUSY", "ESTALE"])) return false;
      throw error;
    }
  }

  look(): void {
    if (performance.now() >= this.#until) this.#missing = [];
    this.#missing = this.#missing.filter((plan) =>
      this.#faults.within(plan.state, () => this.#isLeftOut(plan), true),
    );
  }

  /** Shows a machine if it can be shown; whether it is to be tried again. */
  #isLeftOut(plan: MirrorPlan): boolean {
    if (this.#mirrors.has(plan.state) || !existsSync(join(plan.state, stateFile.mirror))) return false;
    const machine = readIsolated(plan.state);
    // It has not begun, or still has the runtime's root.
    if (machine === undefined) return true;
    if (!isIsolated(machine)) return false;
    if (!showsAllOf(machine.pid, plan.device)) return true;
    if (this.#mirrors.left.areTooMany(plan.state)) {
      this.#heldUp.add(plan.state);
      throw new Error("too many processes hang in its files: it gets no mirror until one of them ends");
    }
    return !this.#show(plan, machine.pid);
  }

  #findPlans(directory: string, depth: number): readonly MirrorPlan[] {
    const plan = this.#faults.within(directory, () => readPlan(directory), undefined);
    if (plan !== undefined) return [plan];
    if (depth > deepest) return [];
    return this.#faults
      .within(directory, () => ignoreEnded(() => readdirSync(directory, { withFileTypes: true })), [])
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => this.#findPlans(join(directory, entry.name), depth + 1));
  }
}

/**
 * Whether a machine has its whole own file system as its root: it may have mounted anything over it, even a
 * part of the same.
 */
function showsAllOf(pid: number, device: string): boolean {
  const [mountinfo = ""] = ignoreEnded(() => [readMountinfoOf(pid)]);
  const root = lastMountAt(mountinfo, "/");
  return root?.device === device && root.root === "/";
}

/** The plan in a machine's state; undefined if it has none. */
export function readPlan(state: string): MirrorPlan | undefined {
  const [text] = ignoreEnded(() => [readFileSync(join(state, stateFile.mirror), "utf8")]);
  return text === undefined ? undefined : (JSON.parse(text) as MirrorPlan);
}

/** Machines come and go; a process that has ended but is not reaped has no mounts (EINVAL). */
function ignoreEnded<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (hasErrno(error, ["ENOENT", "ENOTDIR", "ESRCH", "EINVAL"])) return [];
    throw error;
  }
}

import type { OwnProcess } from "#host/mirror/own-process.ts";

/** A process that has worked for a machine, and has not ended yet. */
export interface Left {
  readonly state: string;
  readonly process: OwnProcess;
}

/** A machine with this many stuck processes gets no mirror until one exits. */
const mostLeft = 3;

/** The processes of mirrors that have gone. One that waits in the kernel for a machine may end much later. */
export class LeftProcesses {
  #left: readonly Left[] = [];

  get all(): readonly Left[] {
    return this.#left;
  }

  add(left: Left): void {
    this.#left = [...this.#left, left];
  }

  /** Forgets exited processes; returns the states of their machines. */
  reap(): readonly string[] {
    const left = this.#left.filter(({ process }) => process.hasDone() === undefined);
    const ended = this.#left.filter((one) => !left.includes(one));
    this.#left = left;
    return ended.map(({ state }) => state);
  }

  has(state: string): boolean {
    return this.#of(state).length > 0;
  }

  /** Whether too many wait for a machine without end already, each of which is a process of the host's. */
  areTooMany(state: string): boolean {
    return this.#of(state).length >= mostLeft;
  }

  #of(state: string): readonly Left[] {
    return this.#left.filter((left) => left.state === state);
  }
}

import { appendFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isStranded } from "#host/namespace/mount-namespace.ts";
import { mirrorDirectory } from "#oci/machine-state.ts";

/**
 * A log that is longer when the next server begins is begun anew, and no server says more than that of
 * different faults.
 */
const [longestLog, mostFaults] = [256 * 1024, 1_000];

/**
 * What goes wrong for a machine is that machine's alone: it is in the log, each fault once in a server's
 * life, and the server goes on with the others.
 */
export class Faults {
  readonly #file: string;
  readonly #said = new Set<string>();

  constructor(directory = mirrorDirectory) {
    this.#file = join(directory, "log");
    if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > longestLog)
      rmSync(this.#file, { force: true });
  }

  /**
   * What the work gives, or what is given otherwise when it fails. Throws only what makes serving as a whole
   * impossible.
   */
  within<T>(whose: string, work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      this.say(whose, error);
      return otherwise;
    }
  }

  /** Logs an error, and gives its message for whoever asked. */
  say(whose: string, error: unknown): string {
    // In a machine's mount namespace nothing goes on.
    if (isStranded(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    this.#log(`${whose}: ${message}`);
    return message;
  }

  #log(fault: string): void {
    if (this.#said.has(fault) || this.#said.size >= mostFaults) return;
    this.#said.add(fault);
    try {
      appendFileSync(this.#file, `${new Date().toISOString()} ${fault.replace(/[^ -~]/g, "?")}\n`, {
        mode: 0o600,
      });
    } catch {
      // A host whose /run is full has the fault unsaid, and its mirrors served.
    }
  }
}

import { appendFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isStranded } from "#host/namespace/mount-namespace.ts";
import { mirrorDirectory } from "#oci/machine-state.ts";

/**
 * Bytes above which the next server starts a new log, and the number of different faults that one server
 * logs.
 */
const [longestLog, mostFaults] = [256 * 1024, 1_000];

/** Limits a machine's fault to that machine: logs it, once per server, and serves the others. */
export class Faults {
  readonly #file: string;
  readonly #said = new Set<string>();

  constructor(directory = mirrorDirectory) {
    this.#file = join(directory, "log");
    if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > longestLog)
      rmSync(this.#file, { force: true });
  }

  /** The result of the work, or `otherwise` if it fails. Throws only errors that stop the whole server. */
  within<T>(whose: string, work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      this.say(whose, error);
      return otherwise;
    }
  }

  /** Logs an error, and returns its message for the caller. */
  say(whose: string, error: unknown): string {
    // Do not continue in a machine's mount namespace.
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

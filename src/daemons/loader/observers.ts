/** Concurrent work that reports what it observes to a loop. Disposing of the scope aborts and awaits it. */
export class Observers implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #running: Promise<void>[] = [];

  /** Fires at the end of their scope. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Starts an observer; calls `fail` with its error, unless the scope's end caused that. */
  start(observe: (signal: AbortSignal) => Promise<void>, fail: (error: unknown) => void): void {
    const { signal } = this;
    this.#running.push(
      observe(signal).catch((error: unknown) => {
        if (!signal.aborted) fail(error);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#running);
  }
}

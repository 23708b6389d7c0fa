/** Work beside a loop that tells it what it sees; the end of their scope ends and awaits it. */
export class Observers implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #running: Promise<void>[] = [];

  /** Fires at the end of their scope. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Starts one; `fail` is told why it ended with an error, unless that is the scope's end. */
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

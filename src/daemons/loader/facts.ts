/** The facts of a loop, which its observers update. */
export class Facts<T extends object> {
  #now: T;
  #changed = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;

  constructor(initial: T) {
    this.#now = initial;
  }

  /** Throws the error that `fail` was called with. */
  get now(): T {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#now;
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  set(change: Partial<T>): void {
    this.#now = { ...this.#now, ...change };
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Records an error that the loop cannot continue after. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.set({});
  }
}

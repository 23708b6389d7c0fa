/** What a loop knows, and those beside it tell it. */
export class Facts<T extends object> {
  #now: T;
  #changed = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;

  constructor(initial: T) {
    this.#now = initial;
  }

  /** Throws what `fail` was told. */
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

  /** Tells what the loop cannot go on after. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.set({});
  }
}

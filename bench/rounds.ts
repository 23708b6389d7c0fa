/**
 * A contender: performs the measured action once and returns its duration in milliseconds. Setup and cleanup
 * are not timed.
 */
export interface Contender {
  readonly name: string;
  /** The contender's name whom it is compared with; the first of all by default. */
  readonly peer?: string;
  measure(): Promise<number>;
}

/** A contender's times in milliseconds, one for each round. */
export interface Series {
  readonly name: string;
  readonly peer?: string;
  readonly samples: readonly number[];
}

/**
 * Measures all contenders in each round, every other round in reverse (A B C, C B A, …), so that what drifts
 * meanwhile falls on all alike. A first round, which warms caches, is thrown away.
 */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
  signal: AbortSignal,
): Promise<readonly Series[]> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      signal.throwIfAborted();
      const time = await contender.measure();
      if (round > 0) samples.get(contender.name)?.push(time);
    }
  }
  return contenders.map(({ name, peer }) => ({
    name,
    ...(peer === undefined ? {} : { peer }),
    samples: samples.get(name) ?? [],
  }));
}

/** The milliseconds that the work takes. */
export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The value below which that part (0 to 1) of the numbers lies, interpolated; NaN for none. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The median over the rounds of this time divided by the peer's in the same round. */
export function medianRatio(ours: Series, peer: Series): number {
  return median(ours.samples.map((time, round) => time / (peer.samples[round] ?? Number.NaN)));
}

/** The median over the rounds of this time minus the peer's in the same round, in milliseconds. */
export function medianDifference(ours: Series, peer: Series): number {
  return median(ours.samples.map((time, round) => time - (peer.samples[round] ?? Number.NaN)));
}

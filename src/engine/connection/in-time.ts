/**
 * The result of `work`, which must heed the signal it gets; undefined if it fails after the timeout. Rejects
 * with any other failure, including an abort by the caller's own signal.
 */
export async function inTime<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (bounded: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const limit = AbortSignal.timeout(milliseconds);
  try {
    return await work(signal === undefined ? limit : AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal?.aborted === true || !limit.aborted) throw error;
    return undefined;
  }
}

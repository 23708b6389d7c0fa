/**
 * What some work gives, which heeds the signal that it is handed; undefined when it has failed since so many
 * milliseconds were over. Rejects with any other failure, that of the caller's own signal among them.
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

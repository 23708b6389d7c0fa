import { hasCode } from "#errors.ts";

const loadLimit = 3;

/**
 * Creates a container from an image that loaders share by its name, and loads the image if it is missing.
 * Another loader removes it with its last container, which may happen between load and create. The engine has
 * no atomic call for both, so this is a compare-and-swap on the name with retries. Throws the last attempt's
 * error.
 */
export async function createLoading<T>(create: () => Promise<T>, load: () => Promise<void>): Promise<T> {
  for (let loads = 0; ; loads += 1) {
    try {
      return await create();
    } catch (error) {
      if (loads === loadLimit || !hasCode(error, "not-found")) throw error;
    }
    await load();
  }
}

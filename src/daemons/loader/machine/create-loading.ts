import { hasCode } from "#errors.ts";

const loadLimit = 3;

/**
 * Creates a container from an image that others share by its name, and loads the image where there is none.
 * Others remove it with the last container that has it, and that may come between our load and our create.
 * The engine has no call that does both: this is a compare-and-swap on the name, tried again when it lost.
 * Throws what the last attempt did.
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

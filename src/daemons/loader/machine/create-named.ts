import { BerthError, hasCode } from "#errors.ts";
import { poll } from "#ops/task/poll.ts";

/** Milliseconds to wait for a name that a guard of the same loader is still freeing. */
const nameTimeout = 30_000;

/** Creates a container as soon as its name is free. Throws `conflict` when it does not become so. */
export async function createNamed<T>(
  name: string,
  create: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const attempt = async () => {
    try {
      return await create();
    } catch (error) {
      if (hasCode(error, "conflict")) return undefined;
      throw error;
    }
  };
  const created = await poll(nameTimeout, attempt, signal);
  if (created !== undefined) return created;
  throw new BerthError("conflict", `container ${name} already exists`, { hint: `docker rm -f ${name}` });
}

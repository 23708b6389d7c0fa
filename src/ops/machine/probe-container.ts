import { randomBytes } from "node:crypto";
import type { Engine } from "#engine/connection/engine.ts";
import { createContainer, removeContainer } from "#engine/containers.ts";
import { label } from "#labels/machine.ts";

/**
 * Runs `use` with a container of an image that never starts, and removes it: only for such ones does the
 * engine read the image's own files, as no machine's root has changed them.
 */
export async function withProbe<T>(
  engine: Engine,
  image: string,
  command: readonly string[],
  signal: AbortSignal,
  use: (container: string) => Promise<T>,
): Promise<T> {
  const name = `berth-probe-${randomBytes(8).toString("hex")}`;
  const body = { Image: image, Entrypoint: [], Cmd: command, Labels: { [label.probe]: name } };
  const { Id } = await createContainer(engine, body, { name, signal });
  try {
    return await use(Id);
  } finally {
    await removeContainer(engine, Id, { force: true, volumes: true });
  }
}

import { randomBytes } from "node:crypto";
import type { Engine } from "#engine/connection/engine.ts";
import { createContainer, removeContainer, startContainer } from "#engine/containers.ts";
import { startCommandIn } from "#engine/exec.ts";
import { readInfo } from "#engine/system.ts";
import { hasCode } from "#errors.ts";
import { markSelf } from "#host/process/process-mark.ts";
import { type BuilderTask, renderBuilderContainer } from "#plan/image/builder-container.ts";
import { proxyVariables } from "#plan/image/builder-image.ts";
import type { BuilderOptions } from "./build-root.ts";
import { createBuilderLog } from "./builder-log.ts";

export interface ContainerOptions extends BuilderOptions {
  /** Its proxies, which the commands use, too. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a container for `use`, and removes it also after a failure or an interruption. */
export async function withBuilderContainer<T>(
  engine: Engine,
  image: string,
  task: BuilderTask,
  signal: AbortSignal | undefined,
  use: (container: string) => Promise<T>,
): Promise<T> {
  const { SecurityOptions } = await readInfo(engine, { signal });
  const name = `berth-builder-${randomBytes(8).toString("hex")}`;
  const body = renderBuilderContainer(image, { name, task, madeBy: markSelf() }, SecurityOptions);
  // Not interruptible: a container of which nobody has heard would stay.
  const { Id } = await createContainer(engine, body, { name });
  try {
    await startContainer(engine, Id, { signal });
    return await use(Id);
  } finally {
    await removeIfThere(engine, Id);
  }
}

/**
 * Runs a command in such a container to its end. Throws `tool-failed` with what apt and mmdebstrap said last.
 */
export async function runInBuilder(
  engine: Engine,
  container: string,
  cmd: readonly string[],
  { env, signal, onProgress }: ContainerOptions,
): Promise<void> {
  const options = { cmd, env: proxyVariables(env), signal };
  const { output, status } = await startCommandIn(engine, container, options);
  const log = createBuilderLog(onProgress);
  for await (const { data } of output) log.push(data.toString());
  const ended = await status();
  if (ended !== 0) throw log.failure(ended, archiveHint);
}

const archiveHint =
  "Check that containers of the engine reach the package archive, or name another with --mirror or " +
  "BERTH_MIRROR.";

async function removeIfThere(engine: Engine, id: string): Promise<void> {
  try {
    await removeContainer(engine, id, { force: true, volumes: true });
  } catch (error) {
    // Another removed it, or it ended.
    if (!hasCode(error, "not-found")) throw error;
  }
}

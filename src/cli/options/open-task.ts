import type { Context } from "#cli/frame/context.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { createTask, type Task } from "#ops/task/task.ts";

/** The command's task on an engine: its states are lines of the progress, its warnings warnings. */
export function openTask(context: Context, engine: Engine): Task {
  const progress = context.progress();
  return createTask(engine, context.signal, {
    onState: (name, state, detail, elapsedMs) => progress.update(name, { state, detail, elapsedMs }),
    onWarning: (text) => context.warn(text),
  });
}

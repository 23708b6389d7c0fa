import type { SystemInfo } from "#api/system.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { readInfo } from "#engine/system.ts";

/** A machine's current or final state in a task. */
export type TaskState =
  | "waiting"
  | "preparing"
  | "creating"
  | "starting"
  | "booting"
  | "running"
  | "degraded"
  | "started"
  | "unchanged"
  | "stopping"
  | "stopped"
  | "removing"
  | "removed"
  | "skipped"
  | "failed";

/** Receives the progress of a task. */
export interface Report {
  /** `detail` is a short line; `elapsedMs` is the boot's, where the state ends one. */
  readonly onState: (name: string, state: TaskState, detail?: string, elapsedMs?: number) => void;
  readonly onWarning: (text: string) => void;
}

/** One command's work on an engine. */
export interface Task extends Report {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** The engine's GET /info, requested once and only on demand. */
  readonly info: () => Promise<SystemInfo>;
}

/** Passes each warning on once: planning again repeats them. */
export function createTask(engine: Engine, signal: AbortSignal, { onState, onWarning }: Report): Task {
  let asked: Promise<SystemInfo> | undefined;
  const warned = new Set<string>();
  return {
    engine,
    signal,
    info: () => (asked ??= readInfo(engine, { signal })),
    onState,
    onWarning(text) {
      if (!warned.has(text)) onWarning(text);
      warned.add(text);
    },
  };
}

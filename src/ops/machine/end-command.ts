import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "./machine-command.ts";

/** Milliseconds a command has to end by itself, and after SIGKILL; as `docker stop`. */
const defaults = { grace: 10_000, last: 2000 };

/**
 * Ends a command: sends the signal, waits, then sends SIGKILL. Resolves to whether it has ended: false if the
 * signal cannot reach it, or its children keep its output open. Throws if the engine does not answer. Read
 * its output meanwhile, so that it cannot block.
 */
export async function endCommand(
  running: Pick<RunningCommand, "kill" | "outcome">,
  signal: string,
  { grace, last } = defaults,
): Promise<boolean> {
  const done = new AbortController();
  const ended = running.outcome().then(() => true);
  const within = (ms: number) => Promise.race([ended, sleep(ms, false, { signal: done.signal })]);
  try {
    for (const [name, time] of [
      [signal, grace],
      ["KILL", last],
    ] as const) {
      if (!(await running.kill(name))) return false;
      if (await within(time)) return true;
    }
    return false;
  } finally {
    // Closing the command makes the wait fail, when no caller listens any more.
    ended.catch(() => undefined);
    done.abort();
  }
}

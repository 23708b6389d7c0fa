import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "./machine-command.ts";

/** Milliseconds a command has to end by itself, and after SIGKILL; as `docker stop`. */
const defaults = { grace: 10_000, last: 2000 };

/**
 * Ends a command: sends the signal, waits, then SIGKILL. Resolves to whether it has ended: false when it
 * could not be reached, or when what it left behind holds it up. Throws when the engine cannot be asked. Its
 * output should be read meanwhile, so that it is not held up.
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

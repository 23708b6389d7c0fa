import { writeSync } from "node:fs";
import { constants } from "node:os";
import { showCursor } from "#cli/render/progress.ts";
import { BerthError } from "#errors.ts";
import type { Registry } from "./command.ts";
import { processIo } from "./process-io.ts";
import { run } from "./run.ts";

/**
 * Milliseconds within which a signal is the same once more: timeout(1) and supervisors send it to the process
 * and to its group.
 */
const sameSignalMs = 300;

/**
 * Runs the command line on the real process. The first SIGINT, SIGTERM or SIGHUP asks the command to end; a
 * second one, or SIGQUIT, ends the process at once by `leave`, whose exit listeners give a terminal back.
 */
export async function main(
  argv: readonly string[],
  leave: (status: number) => never,
  commands?: Registry,
): Promise<number> {
  const interruption = new AbortController();
  let isOutlasting = false;
  const io = processIo(interruption.signal, () => {
    isOutlasting = true;
  });
  const leaveNow = (status: number) => {
    if (io.stderrIsTerminal) writeSync(2, showCursor);
    leave(status);
  };
  let since = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!interruption.signal.aborted) {
        since = performance.now();
        interruption.abort(
          new BerthError("interrupted", `interrupted by ${name}`, { details: { signal: name } }),
        );
      } else if (!isOutlasting && (name === "SIGINT" || performance.now() - since > sameSignalMs)) {
        leaveNow(interruptedStatus);
      }
    });
  }
  process.on("SIGQUIT", () => leaveNow(128 + constants.signals.SIGQUIT));
  return await run(argv, io, commands);
}

const interruptedStatus = new BerthError("interrupted", "").exitStatus;

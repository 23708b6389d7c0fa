import { writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { BerthError } from "../errors.ts";
import type { Registry } from "./command.ts";
import { processIo } from "./process-io.ts";
import { showCursor } from "./render/progress.ts";
import { run } from "./run.ts";

/** Runs the command line on the real process. `leave` ends the process at once; it is for the second SIGINT. */
export async function main(argv: readonly string[], leave: (status: number) => never, commands?: Registry): Promise<number> {
  const interruption = new AbortController();
  const io = processIo(interruption.signal);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!interruption.signal.aborted) {
        interruption.abort(new BerthError("interrupted", `interrupted by ${name}`, { details: { signal: name } }));
      } else if (name === "SIGINT") {
        if (io.stderrIsTerminal) writeSync(2, showCursor);
        leave(130);
      }
    });
  }
  const status = await run(argv, io, commands);
  await Promise.all([flush(io.stdout), flush(io.stderr)]);
  return status;
}

/** Waits until the system has all that was written. Ending is the one thing Bun waits for with everything written before. */
function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    // A reader that has gone is no reason to wait, and has been told about already.
    stream.once("error", () => resolve());
    if (stream.destroyed || stream.errored) resolve();
    else stream.end(() => resolve());
  });
}

import { captureText } from "#api/capture.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { outputBytes } from "#engine/connection/output.ts";
import { readLogs } from "#engine/logs.ts";
import { BerthError } from "#errors.ts";

/** Bytes of the console's last lines: a line has no end that we could rely on. */
const longestTail = 64 * 1024;

/** That a machine ended while it booted, with the last lines of its console: `boot-failed`. */
export async function bootFailed(
  engine: Engine,
  id: string,
  name: string,
  status: number,
  signal: AbortSignal,
): Promise<BerthError> {
  const log = await captureText(outputBytes(await readLogs(engine, id, { tail: 15, signal })), longestTail);
  const lines = log
    .text()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  return new BerthError(
    "boot-failed",
    [`${name} exited while booting, with status ${status}`, ...lines.map((line) => `  ${line}`)].join("\n"),
    {
      hint: `see its console: berth logs --console ${name}`,
      details: { status, console: lines },
    },
  );
}

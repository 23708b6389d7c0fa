import type { Engine } from "#engine/connection/engine.ts";
import { parseJsonLines } from "#engine/connection/json-lines.ts";
import { outputBytes } from "#engine/connection/output.ts";
import { readLogs } from "#engine/logs.ts";
import { BerthError, type ErrorCode } from "#errors.ts";
import type { GuardReport } from "#plan/loader/guard.ts";
import type { LoaderFacts } from "#plan/loader/run-step.ts";

export interface ReportReaders {
  /** The machine that the guard waits for. */
  readonly onWaiting: (text: string) => void;
  readonly onChange: (change: Partial<LoaderFacts>) => void;
}

/** Reads a guard's reports until it is ready. Throws the refusal that it reports. */
export async function readGuardReports(
  engine: Engine,
  id: string,
  { onWaiting, onChange }: ReportReaders,
  signal: AbortSignal,
): Promise<void> {
  for await (const report of reports(engine, id, signal)) {
    if ("ready" in report) return onChange({ guard: "ready", warnings: report.ready.warnings });
    if ("refused" in report) throw refusal(report.refused);
    if ("folder" in report) onChange({ guard: "folder", folder: report.folder ?? undefined });
    else onWaiting(report.waiting);
  }
  throw new BerthError("internal", "the machine's guard exited before it was ready", {
    hint: `docker logs ${id.slice(0, 12)}`,
  });
}

async function* reports(engine: Engine, id: string, signal: AbortSignal): AsyncGenerator<GuardReport> {
  yield* parseJsonLines<GuardReport>(
    outputBytes(await readLogs(engine, id, { follow: true, stderr: false, tty: false, signal })),
  );
}

function refusal({ code, message, hint }: Extract<GuardReport, { refused: unknown }>["refused"]): BerthError {
  return new BerthError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}

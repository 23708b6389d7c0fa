import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { bootBegin, type FailedUnit } from "#plan/machine/boot-state.ts";
import { parseUnits } from "#plan/machine/units.ts";

const mostUnits = 10;
/** Some five of them are init's own. */
const linesPerUnit = 10;

/** Bytes of them: a line has no end that we could rely on. */
const longestLines = 64 * 1024;

/** The failed units of a machine with their last journal lines since it was started. */
export async function readFailedUnits(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<readonly FailedUnit[]> {
  const list = [
    "systemctl",
    "list-units",
    "--state=failed",
    "--all",
    "--plain",
    "--full",
    "--no-legend",
    "--no-pager",
  ];
  const { stdout } = await execCapture(engine, id, { cmd: list, signal });
  const units = parseUnits(stdout);
  if (units.length === 0) return [];
  // Flush a unit's last lines into the journal first (journalctl(1)). A journalctl without --sync has them
  // soon.
  await execCapture(engine, id, { cmd: ["journalctl", "--sync"], signal });
  const { State } = await inspectContainer(engine, id, { signal });
  const last = [`--since=@${bootBegin(State)}`, "--lines", String(linesPerUnit)];
  const failed: FailedUnit[] = [];
  for (const { unit, description } of units.slice(0, mostUnits)) {
    const journal = ["journalctl", "--unit", unit, ...last, "--output=cat", "--no-pager", "--quiet"];
    const { stdout: text } = await execCapture(engine, id, { cmd: journal, most: longestLines, signal });
    failed.push({ unit, description, lines: text.split("\n").filter((line) => line !== "") });
  }
  return failed;
}

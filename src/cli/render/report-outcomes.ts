import { type Context, errorView } from "#cli/frame/context.ts";
import { write } from "#cli/frame/io.ts";
import type { MachineOutcome } from "#ops/task/each-machine.ts";
import { renderError } from "./error.ts";
import { worstStatus } from "./exit-status.ts";
import { outcomeErrors, outcomesToJson } from "./outcomes.ts";

/**
 * Reports a command on several machines: with --json every outcome, with --quiet the names that succeeded
 * (the progress has shown the rest); then every error. Resolves to the worst exit status.
 */
export async function reportOutcomes(
  context: Context,
  outcomes: readonly MachineOutcome[],
): Promise<number | undefined> {
  const { io, global } = context;
  const well = outcomes.filter((outcome) => outcome.error === undefined);
  await context.result(outcomesToJson(outcomes), () =>
    global.quiet ? well.map(({ name }) => `${name}\n`).join("") : "",
  );
  const errors = outcomeErrors(outcomes);
  if (!global.json) {
    const view = errorView(io, global);
    for (const error of errors) await write(io.stderr, renderError(error, view));
  }
  if (outcomes.length === 0) context.note("no machines selected");
  return worstStatus(outcomes);
}

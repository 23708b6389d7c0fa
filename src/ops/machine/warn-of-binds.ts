import { trustedUsers } from "#host/files/path-steps.ts";
import type { Task } from "#ops/task/task.ts";
import { bindsOf } from "#plan/machine/binds.ts";
import type { Observed, Step } from "#plan/machine/up.ts";
import { writables } from "#plan/machine/writables.ts";
import { bindWarnings, fileWarnings } from "./bind-warnings.ts";

export interface BindOptions {
  /**
   * The machine file, and the paths that would be found before it; empty for machines of the command line.
   */
  readonly files: readonly string[];
  /** Their `env` says who is trusted. */
  readonly images: { readonly env: Readonly<Record<string, string | undefined>> };
}

/** Warns of the host's paths that machines are given, and of machines that may write the machine file. */
export async function warnOfBinds(
  { engine, signal, onWarning }: Task,
  steps: readonly Step[],
  { containers }: Observed,
  options: BindOptions,
): Promise<void> {
  const look = { trusted: trustedUsers(options.images.env), signal };
  const ofFile = await fileWarnings(engine, options.files, writables(steps, containers), look);
  const binds = steps.flatMap((step) => (step.do === "create-network" ? [] : bindsOf(step.machine)));
  for (const warning of new Set([...ofFile, ...(await bindWarnings(engine, binds, look))]))
    onWarning(warning);
}

import { defineCommand } from "#cli/frame/command.ts";
import { fleetFilePlaces, loadFleet, withFileRead } from "#cli/options/fleet-file.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { waitTimeoutOption } from "#cli/options/time-option.ts";
import { reportOutcomes } from "#cli/render/report-outcomes.ts";
import { posixWord, shownWord } from "#cli/render/shell-word.ts";
import { plainLines } from "#cli/render/text.ts";
import { version } from "#cli/version.ts";
import { trustedUsers } from "#host/files/path-steps.ts";
import { fileWarnings, listWritables } from "#ops/machine/bind-warnings.ts";
import { deploy, removeServices, rollBack } from "#ops/swarm/deploy.ts";
import { planServices, selectRoots } from "#plan/swarm/deploy.ts";
import type { ServicePlan } from "#plan/swarm/service.ts";
import { renderServiceCommand } from "#plan/swarm/service-command.ts";
import { renderStack } from "#plan/swarm/service-stack.ts";
import { usageError } from "#usage.ts";

export const command = defineCommand({
  name: "deploy",
  summary: "Run machines as services of a swarm",
  description: `
    Runs the machines of berth.yaml that have a \`root\` (a folder of a node) as services of the swarm:
    creates what is missing, updates what differs from the file, and leaves the rest alone. Waits until each
    machine has booted. The engine must be a manager of the swarm. Every node that may run a machine needs the
    image that \`berth loader image\` makes.

    --dry-run prints the docker command for each machine, --stack one stack file for all. Both do the same as
    \`berth deploy\`, and neither contacts the engine.

    --rollback takes a machine back to what it was before its last update. --rm removes its service; root and
    named volumes stay.

    Status 5: a machine failed or did not boot in time.`,
  arguments: [
    { name: "name", description: "machines", required: false, variadic: true, completes: "machine" },
  ],
  options: {
    dryRun: { description: "print the docker commands and do nothing" },
    stack: { description: "print a file for docker stack deploy and do nothing" },
    detach: { short: "d", description: "do not wait for the boot" },
    rollback: { description: "undo the last update" },
    rm: { description: "remove their services" },
    waitTimeout: { ...waitTimeoutOption, default: "180s", formerly: ["timeout"] },
  },
  examples: [
    { command: "berth deploy", description: "all machines of berth.yaml that have a root" },
    { command: "berth deploy mail --dry-run", description: "the docker command that does it" },
    { command: "berth deploy --stack | docker stack deploy -c - mail", description: "as a stack" },
    { command: "berth deploy --rollback mail", description: "undo the last update" },
    { command: "berth deploy --rm mail", description: "take it from the swarm" },
  ],
  async action(context, { name: names }, { dryRun, stack, detach, rollback, rm, waitTimeout }) {
    const modes = Object.entries({
      "--dry-run": dryRun,
      "--stack": stack,
      "--rollback": rollback,
      "--rm": rm,
    }).flatMap(([flag, on]) => (on ? [flag] : []));
    if (modes.length > 1) throw usageError(`${modes.join(" and ")} cannot be combined`);
    const read = await withFileRead(context);
    const plans = () => planServices(selectRoots(loadFleet(read), names), `berth-loader:${version}`);
    if (dryRun) {
      const commands = plans().map(renderServiceCommand);
      await context.result(
        commands.map((words) => words.flat()),
        // A script may run in any POSIX shell; a terminal must show the command exactly as it is.
        ({ width }) =>
          commands
            .map((parts) => renderCommand(parts, width === undefined ? posixWord : shownWord))
            .join("\n"),
      );
      return undefined;
    }
    if (stack) {
      const text = renderStack(plans());
      await context.result({ stack: text }, ({ width }) => (width === undefined ? text : plainLines(text)));
      return undefined;
    }
    if ((rollback || rm) && names.length === 0)
      throw usageError(`${modes[0]} needs the names of machines (example: berth deploy ${modes[0]} web)`);
    const planned: readonly ServicePlan[] = rollback || rm ? [] : plans();
    const engine = await openContextEngine(context);
    if (planned.length > 0) {
      const writable = await listWritables(engine, context.signal);
      const look = { trusted: trustedUsers(context.io.env), signal: context.signal };
      const warnings = await fileWarnings(engine, fleetFilePlaces(context), writable, look);
      for (const warning of warnings) context.warn(warning);
    }
    const progress = context.progress();
    const options = {
      signal: context.signal,
      timeout: waitTimeout,
      wait: !detach,
      onState: (name: string, state: Parameters<typeof progress.update>[1]["state"], detail?: string) =>
        progress.update(name, { state, ...(detail !== undefined && { detail }) }),
    };
    const outcomes = rollback
      ? await rollBack(engine, names, options)
      : rm
        ? await removeServices(engine, names, options)
        : await deploy(engine, planned, options);
    return await reportOutcomes(context, outcomes);
  },
});

/** A command for a shell, each flag on a line. */
function renderCommand(parts: readonly (readonly string[])[], wordOf: (text: string) => string): string {
  const lines = parts.map((words) => words.map(wordOf).join(" "));
  return `${lines.join(" \\\n  ")}\n`;
}

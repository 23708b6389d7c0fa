import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { fleetFilePlaces, loadFleet, withFileRead } from "#cli/options/fleet-file.ts";
import { fleetOptionSpecs, fleetOptionValues, givenOptions } from "#cli/options/fleet-options.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { waitTimeoutOption } from "#cli/options/time-option.ts";
import { worstStatus } from "#cli/render/exit-status.ts";
import { plainLines } from "#cli/render/text.ts";
import { renderUp } from "#cli/render/up.ts";
import { BerthError } from "#errors.ts";
import type { Fleet } from "#machinefile/machine.ts";
import {
  type FleetRequest,
  fleetFromOptions,
  namesFromEnvironment,
} from "#machinefile/read/fleet-from-options.ts";
import { resolvePaths } from "#machinefile/read/resolve-paths.ts";
import { engineLock } from "#ops/engine/open-engine.ts";
import type { MachineUp } from "#ops/machine/machine-up.ts";
import { type PreviewStep, previewUp, up } from "#ops/machine/up.ts";
import { renderBuilder } from "#plan/image/builder.ts";

const options = {
  ...fleetOptionSpecs(),
  dryRun: { description: "show what would be done and do nothing" },
  noWait: { description: "do not wait for the boot" },
  rebuild: { description: "rebuild or reimport the images" },
  mirror: { value: "URL", description: "package archive to build images from", env: "BERTH_MIRROR" },
  parallel: {
    value: "N",
    description: "most machines that boot at once (4 per CPU, at least 16)",
    parse: parseCount,
  },
  waitTimeout: { ...waitTimeoutOption, formerly: ["timeout"] },
} as const;

export const command = defineCommand({
  name: "up",
  summary: "Create, start or continue machines",
  description: `
    Makes the machines of berth.yaml run: creates missing ones, starts stopped ones, leaves running ones
    alone, and reports where a machine differs from the file. With names, only those and their dependencies.
    Waits until each machine's init reports that it has booted.

    With --image no file is needed: the names are the machines. The variables NAMES and IMAGE do the same.

    When interrupted it leaves only whole machines; the next \`berth up\` continues. Status 5: a machine did
    not boot, or booted degraded.`,
  arguments: [
    { name: "name", description: "machines", required: false, variadic: true, completes: "machine" },
  ],
  options,
  examples: [
    { command: "berth up", description: "all machines of berth.yaml" },
    { command: "berth up web db --image debian-12", description: "two machines without a file" },
    {
      command: "berth up web --image ./root.tar.xz -p 8080:80 -m 512M",
      description: "from a tarball, with a port and a limit",
    },
    { command: "berth up --dry-run", description: "what would be done" },
    { command: 'NAMES="web db" IMAGE=debian-12 berth up', description: "the same by environment" },
  ],
  async action(context, { name: given }, chosen) {
    const values = fleetOptionValues(chosen);
    const hasFile = values.image === undefined;
    const { names, fleet } = chooseFleet(await withFileRead(context), given, values);
    const engine = await openContextEngine(context);
    const task = openTask(context, engine);
    const options = {
      names,
      images: {
        fleetImages: fleet.images,
        cwd: context.io.cwd,
        env: context.io.env,
        mirror: chosen.mirror,
        rebuild: chosen.rebuild,
      },
      files: hasFile ? fleetFilePlaces(context) : [],
    };
    if (chosen.dryRun) {
      const steps = await previewUp(task, fleet, options);
      await context.result(steps, () => steps.map((step) => `${plainLines(renderStep(step))}\n`).join(""));
      return undefined;
    }
    const results = await up(task, fleet, {
      ...options,
      concurrency: chosen.parallel,
      timeout: chosen.waitTimeout,
      wait: !chosen.noWait,
      lockFile: engineLock(engine),
      onWaiting: () => context.note("waiting for another berth that works on this engine"),
      now: context.io.now,
    });
    await context.result(results.map(forJson), (view) => renderUp(results, view));
    const speaker = hasFile ? "the file" : "the command line";
    for (const { name: machine, differences } of results) {
      for (const { key, has, wants } of differences)
        context.note(`${machine}: ${key} is ${show(has)}, ${speaker} says ${show(wants)}`);
    }
    if (results.some((machine) => machine.differences.length > 0))
      context.note("  → to recreate such a machine: berth rm -f NAME && berth up NAME");
    return worstStatus(results);
  },
});

/** The file's fleet, or with --image one made of the names. */
function chooseFleet(
  context: Context,
  given: readonly string[],
  values: FleetRequest["values"],
): { names: readonly string[]; fleet: Fleet } {
  const fromEnvironment = namesFromEnvironment(context.io.env);
  const names = given.length > 0 ? given : fromEnvironment.names;
  if (values.image === undefined) {
    const extra = givenOptions(values);
    if (extra.length > 0) {
      throw new BerthError("usage", `${extra.join(", ")} ${extra.length === 1 ? "needs" : "need"} --image`, {
        hint: "without --image, the machine file describes the machines",
      });
    }
    return { names, fleet: loadFleet(context) };
  }
  const fleet = fleetFromOptions({ names, values }, context.io.env);
  return { names: [], fleet: resolvePaths(fleet, { directory: context.io.cwd, home: context.io.home }) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new BerthError("usage", `invalid number "${text}" (example: 4)`);
  return count;
}

function renderStep(step: PreviewStep): string {
  switch (step.do) {
    case "build-image":
      return `build ${step.image} ${renderBuilder(step.builder)}`;
    case "create-network":
      return `create network ${step.network.domain} ${step.network.subnet}`;
    case "create":
      return `create ${step.machine.name} ${step.address} from ${step.machine.image}, start it`;
    case "keep":
      return `keep ${step.machine.name}, which runs`;
    default:
      return `${step.do} ${step.machine.name}`;
  }
}

function show(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

function forJson(machine: MachineUp) {
  const { error, ...rest } = machine;
  return error === undefined
    ? rest
    : {
        ...rest,
        error: { code: error.code, message: error.message, hint: error.hint, details: error.details },
      };
}

import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { beginUserNamespace, type UserNamespace } from "#host/namespace/user-namespace.ts";
import { isLabellingRefused, withReadableFiles } from "#host/selinux/contexts.ts";
import { renderUnmapped } from "#oci/isolation/plan.ts";
import { type BuiltStage, buildStage } from "./build-stage.ts";
import { removeMachineCgroups } from "./end.ts";
import type { MachineStart, RuntimeCreate } from "./machine-start.ts";
import { forgetOthers } from "./mirror.ts";
import { mayBeFull, observe } from "./observe.ts";
import { patchBundle } from "./patch-bundle.ts";
import { type MachinePlan, planMachine } from "./plan-machine.ts";
import { readContainer } from "./read-container.ts";
import { clearState, sweepStates, writeState } from "./state.ts";

/**
 * Milliseconds that a start spends on another machine's leftover cgroups, of which there may be tens of
 * thousands.
 */
const longestSweep = 200;

/**
 * Rewrites a bundle's config.json so that its init boots; leaves it alone if its command is not an init.
 * Returns the warnings for the runtime's log. Throws BerthError if the machine cannot boot on this host;
 * clear its state by `clearState` then.
 */
export async function runtimeCreate(call: RuntimeCreate): Promise<readonly string[]> {
  // Clear an earlier start's state first: what was granted inside a user namespace must not be granted
  // without one.
  clearState(call.state);
  const container = readContainer(call.bundle, call.id);
  if (container === undefined) return [];
  // Start this first, since it takes as long as everything after it.
  const userNamespace = mayBeFull(container) ? beginUserNamespace() : undefined;
  try {
    const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
    if (call.outer !== undefined) forgetOthers(mountinfo, container.rootPath);
    const observed = observe(container, call, mountinfo);
    const end = performance.now() + longestSweep;
    sweepStates(dirname(call.state), call.root, (left) => removeMachineCgroups(left, end));
    const start = { call, container, observed };
    const { plan, stage } = await build(start, userNamespace);
    patchBundle(start, plan, stage);
    return [
      ...container.ignored.map(leftOut),
      ...plan.warnings,
      ...(observed.request.labels?.selinux && isLabellingRefused() ? [unlabelled] : []),
      ...renderUnmapped(stage?.unmapped ?? []),
      ...(plan.isolation?.warnings ?? []),
    ];
  } finally {
    userNamespace?.end();
  }
}

/**
 * Writes the machine's state and builds its stage, if it has one. Falls back to strict where the host refuses
 * the stage's layers and full was not requested. Throws any other failure: a machine may have caused it, and
 * must not become strict by that.
 */
async function build(start: MachineStart, userNamespace: UserNamespace | undefined): Promise<BuiltMachine> {
  const { call, container, observed } = start;
  const plan = planMachine(start);
  writePlanned(start, plan);
  if (plan.isolation === undefined || userNamespace === undefined) return { plan, stage: undefined };
  const stage = await buildStage(plan.isolation, {
    ...call,
    rootPath: container.rootPath,
    machineId: observed.request.machineId,
    userNamespace,
  });
  if (stage.possible) return { plan, stage };
  clearState(call.state);
  const strict = planMachine(start, stage.obstacle);
  writePlanned(start, strict);
  return { plan: strict, stage: undefined };
}

interface BuiltMachine {
  readonly plan: MachinePlan;
  readonly stage: BuiltStage | undefined;
}

function writePlanned({ call, container, observed }: MachineStart, plan: MachinePlan): void {
  withReadableFiles(() =>
    writeState(call.state, plan.contract, {
      manager: observed.request.manager,
      hostname: container.hostname,
      cgroup: plan.limitedCgroup,
      scope: plan.scope,
    }),
  );
}

const unlabelled =
  "SELinux does not let the runtime label files: the machine may be unable to read its machine-id and " +
  "/run/host (see `ausearch -m avc -c berth`)";

const leftOut = (entry: string) =>
  `ignoring ${entry} of the image's own environment: only the user may request it ` +
  "(to trust the image, set -e BERTH_IMAGE= to its id)";

import type { Service } from "#api/service.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { createService, inspectService, removeService } from "#engine/services.ts";
import { listTasks } from "#engine/tasks.ts";
import { BerthError } from "#errors.ts";
import { label } from "#labels/machine.ts";
import type { MachineOutcome } from "#ops/task/each-machine.ts";
import { poll } from "#ops/task/poll.ts";
import { type DeployStep, planDeploy } from "#plan/swarm/deploy.ts";
import type { DeployState } from "#plan/swarm/judge-service.ts";
import type { ServicePlan } from "#plan/swarm/service.ts";
import { changeService } from "./change-service.ts";
import { observeSwarm } from "./observe-swarm.ts";
import { requireManager } from "./swarm-manager.ts";
import { waitService } from "./wait-service.ts";

export interface DeployOptions {
  readonly signal: AbortSignal;
  /** Milliseconds for each machine. */
  readonly timeout: number;
  /** Whether to wait until they run. */
  readonly wait: boolean;
  readonly onState: (name: string, state: DeployState, detail?: string) => void;
}

export interface MachineDeployed extends MachineOutcome {
  readonly action: "created" | "updated" | "kept" | "rolled back" | "removed";
}

/**
 * Creates, updates or keeps these services as planned. Throws before any change for what concerns all
 * (`planDeploy`, `requireManager`); a machine that fails later has its error in its result.
 */
export async function deploy(
  engine: Engine,
  plans: readonly ServicePlan[],
  options: DeployOptions,
): Promise<readonly MachineDeployed[]> {
  await requireManager(engine, options.signal);
  const steps = planDeploy(plans, await observeSwarm(engine, options.signal));
  return Promise.all(
    steps.map((step) => {
      const action = step.do === "create" ? "created" : step.do === "update" ? "updated" : "kept";
      return changeAndWait(engine, step.name, action, options, () => applyStep(engine, step, options));
    }),
  );
}

/** Rolls services back to their state before the last update. Throws `conflict` for one without an update. */
export async function rollBack(
  engine: Engine,
  names: readonly string[],
  options: DeployOptions,
): Promise<readonly MachineDeployed[]> {
  const services = await findOwnServices(engine, names, options.signal);
  const fresh = services.filter(({ PreviousSpec }) => !PreviousSpec);
  if (fresh.length > 0) {
    const list = fresh.map(({ Spec }) => Spec.Name).join(", ");
    throw new BerthError("conflict", `cannot roll back ${list}: no update since its creation`);
  }
  return Promise.all(
    services.map(({ ID, Spec, PreviousSpec, Version }) =>
      changeAndWait(engine, Spec.Name, "rolled back", options, async () => {
        const before = await taskIds(engine, ID, options.signal);
        const planned = {
          id: ID,
          name: Spec.Name,
          version: Version.Index,
          spec: Spec,
          previous: PreviousSpec,
        };
        await changeService(engine, planned, "rollback", options.signal);
        return { id: ID, before };
      }),
    ),
  );
}

/** Removes services and, with `wait`, waits until their tasks have stopped. Keeps roots and named volumes. */
export async function removeServices(
  engine: Engine,
  names: readonly string[],
  options: DeployOptions,
): Promise<readonly MachineDeployed[]> {
  const services = await findOwnServices(engine, names, options.signal);
  return Promise.all(
    services.map(async ({ ID, Spec }) => {
      options.onState(Spec.Name, "removing");
      await removeService(engine, ID, options);
      if (options.wait) await waitRemoved(engine, ID, Spec.Name, options);
      options.onState(Spec.Name, "removed");
      return outcome(Spec.Name, "removed", "removed");
    }),
  );
}

interface Applied {
  readonly id: string;
  /** Ids of the service's tasks before the change. */
  readonly before: ReadonlySet<string>;
}

async function applyStep(engine: Engine, step: DeployStep, { signal }: DeployOptions): Promise<Applied> {
  if (step.do === "create")
    return { id: await createService(engine, step.body, { signal }), before: new Set() };
  const { id } = step.service;
  const before = await taskIds(engine, id, signal);
  if (step.do === "update") await changeService(engine, step.service, step.body, signal);
  return { id, before };
}

async function changeAndWait(
  engine: Engine,
  name: string,
  action: MachineDeployed["action"],
  { signal, timeout, wait, onState }: DeployOptions,
  apply: () => Promise<Applied>,
): Promise<MachineDeployed> {
  onState(name, "deploying");
  try {
    const { id, before } = await apply();
    if (!wait) {
      onState(name, action === "kept" ? "unchanged" : "deploying");
      return outcome(name, action, "started");
    }
    const own = (state: DeployState, detail?: string) => onState(name, state, detail);
    const { state } = await waitService(engine, id, name, {
      signal,
      timeout,
      before,
      updated: action === "updated",
      onState: own,
    });
    onState(name, action === "kept" ? "unchanged" : state);
    return outcome(name, action, state);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === "interrupted" || signal.aborted) throw error;
    onState(name, "failed", error.message.split("\n")[0] ?? "");
    return outcome(name, action, "failed", error);
  }
}

function outcome(
  name: string,
  action: MachineDeployed["action"],
  state: MachineOutcome["state"],
  error?: BerthError,
): MachineDeployed {
  return { name, action, changed: action !== "kept", state, failedUnits: [], error };
}

async function taskIds(engine: Engine, service: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  return new Set((await listTasks(engine, { filters: { service: [service] }, signal })).map(({ ID }) => ID));
}

/**
 * The services of these machines. Throws `not-found`, and `not-ours` for services that berth did not create.
 */
async function findOwnServices(
  engine: Engine,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly Service[]> {
  await requireManager(engine, signal);
  const services = await Promise.all(
    [...new Set(names)].map((name) => inspectService(engine, name, { signal })),
  );
  const foreign = services
    .filter(({ Spec }) => Spec.Labels?.[label.machine] !== Spec.Name)
    .map(({ Spec }) => Spec.Name);
  if (foreign.length === 0) return services;
  throw new BerthError("not-ours", `not created by berth: ${foreign.join(", ")}`, {
    hint: "use docker for services that berth did not create",
    details: foreign,
  });
}

/** A removed service cannot be inspected; its tasks are listed until they have stopped. */
async function waitRemoved(
  engine: Engine,
  id: string,
  name: string,
  { signal, timeout }: DeployOptions,
): Promise<void> {
  const gone = await poll(
    timeout,
    async () =>
      (await listTasks(engine, { signal })).some((task) => task.ServiceID === id) ? undefined : true,
    signal,
  );
  if (gone) return;
  throw new BerthError("boot-timeout", `${name} did not stop within ${Math.round(timeout / 1000)} s`, {
    hint: "its service is removed, its node is still stopping it: berth ls --swarm",
  });
}

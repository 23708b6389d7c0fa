import { Readable } from "node:stream";
import type { ContainerCreateResponse } from "#api/container.ts";
import { isForeign } from "#contract/contract.ts";
import { putArchive } from "#engine/archive.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { createContainer, inspectContainer, removeContainer } from "#engine/containers.ts";
import { type BerthError, hasCode } from "#errors.ts";
import type { ResolvedImage } from "#image/store/store.ts";
import { endOfTar, packMember } from "#image/tarball/write-tar.ts";
import { initFromLabels, label } from "#labels/machine.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";
import type { Task } from "#ops/task/task.ts";
import { byRuntime, type ChosenApplier } from "#plan/machine/applier.ts";
import { hasRuntime } from "#plan/machine/berth-runtime.ts";
import { machineCommand, type PlannedImage, renderContainer } from "#plan/machine/container.ts";
import type { Step } from "#plan/machine/up.ts";
import { applyByApi } from "./choose-applier.ts";
import { withCreation } from "./creation.ts";
import { readMachineId, requireInit } from "./guest-probe.ts";

export type CreateStep = Extract<Step, { do: "create" }>;

export interface CreateRequest {
  /** Whose network's domain is the one that its machines are in. */
  readonly fleet: Fleet;
  readonly step: CreateStep;
  readonly image: ResolvedImage;
}

export interface CreatedMachine {
  readonly id: string;
  /** Example: "systemd 252"; undefined if the image does not record it. */
  readonly init: string | undefined;
  /** Whether berth-runtime boots it, which then chooses the profile. */
  readonly byRuntime: boolean;
}

/** The engine's error when another container has taken the machine's name. */
export interface NameTaken {
  readonly taken: BerthError;
}

/**
 * Creates a machine's container, ready to start. Throws `no-init`, `host-unfit`, and the engine's refusals;
 * then removes what it has created.
 */
export async function createMachine(
  task: Task,
  { fleet, step, image }: CreateRequest,
): Promise<CreatedMachine | NameTaken> {
  const { engine, signal, onWarning } = task;
  const { machine, address } = step;
  const planned = plannedImage(image);
  const post = ({ applier }: ChosenApplier) => {
    const body = renderContainer(machine, fleet, planned, address, applier);
    return createContainer(engine, withCreation(body), { name: machine.name, signal });
  };
  const applied = await createApplied(task, machine, planned, post);
  if ("taken" in applied) return applied;
  const { chosen, created } = applied;
  const { Id, Warnings } = created;
  for (const warning of [...chosen.warnings, ...(Warnings ?? [])]) onWarning(`${machine.name}: ${warning}`);
  // Of an image that berth made it is known.
  const isKnown = machine.command === undefined && planned.labels[label.init] !== undefined;
  if ("runtime" in chosen.applier && !isKnown)
    await checkInit(engine, Id, machineCommand(machine, planned), signal);
  if (chosen.machineId !== undefined) await putMachineId(engine, Id, chosen.machineId, signal);
  return { id: Id, init: initFromLabels(image.labels), byRuntime: "runtime" in chosen.applier };
}

/** Uses berth-runtime if the engine has it, else the Engine API alone. */
async function createApplied(
  { engine, info, signal }: Task,
  machine: MachineSpec,
  image: PlannedImage,
  post: (chosen: ChosenApplier) => Promise<ContainerCreateResponse>,
): Promise<{ readonly chosen: ChosenApplier; readonly created: ContainerCreateResponse } | NameTaken> {
  const attempt = async (chosen: ChosenApplier) => {
    try {
      return { chosen, created: await post(chosen) };
    } catch (error) {
      if (hasCode(error, "conflict")) return { taken: error };
      throw error;
    }
  };
  try {
    return await attempt(byRuntime);
  } catch (error) {
    // Asked only now which runtimes there are: to answer that, engines run programs.
    if ((!hasCode(error, "engine-refused") && !hasCode(error, "engine-api")) || hasRuntime(await info()))
      throw error;
    return await attempt(await applyByApi(engine, await info(), machine, image, signal));
  }
}

/**
 * Finishes the creation of a machine that never started, after the berth that made it was killed. Idempotent.
 * `init` is the one that its labels record. Throws `no-init`, and then removes the machine.
 */
export async function finishCreate(
  engine: Engine,
  id: string,
  init: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { Config, Path, Args } = await inspectContainer(engine, id, { signal });
  const machineId = machineIdOf(Config.Env ?? []);
  if (machineId === undefined) {
    if (init === undefined) await checkInit(engine, id, [Path, ...Args], signal);
    return;
  }
  if (isForeign(await readMachineId(engine, id, signal), machineId))
    await putMachineId(engine, id, machineId, signal);
}

/** The machine-id that a machine which is made without berth-runtime was given; undefined for any other. */
function machineIdOf(environment: readonly string[]): string | undefined {
  const last = environment.findLast((variable) => variable.startsWith("container_uuid=")) ?? "";
  const digits = last.slice(last.indexOf("=") + 1).replaceAll("-", "");
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}

/** berth-runtime passes on a container whose command is not an init, so it would run as a plain container. */
async function checkInit(
  engine: Engine,
  id: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await requireInit(engine, id, command, signal);
  } catch (error) {
    if (hasCode(error, "no-init")) await removeUnstarted(engine, id);
    throw error;
  }
}

/**
 * Removes a machine that never ran, so that no data of its own is lost. Leaves one alone that another process
 * has started or removed meanwhile.
 */
export async function removeUnstarted(engine: Engine, id: string): Promise<void> {
  try {
    await removeContainer(engine, id, { volumes: true });
  } catch (error) {
    if (!hasCode(error, "not-found") && !hasCode(error, "conflict")) throw error;
  }
}

function plannedImage(image: ResolvedImage): PlannedImage {
  return {
    id: image.id,
    reference: image.reference,
    labels: image.labels,
    handedDown: image.config.Labels ?? {},
    command: [...(image.config.Entrypoint ?? []), ...(image.config.Cmd ?? [])],
  };
}

async function putMachineId(
  engine: Engine,
  id: string,
  machineId: string,
  signal: AbortSignal,
): Promise<void> {
  const mtime = Math.floor(Date.now() / 1000);
  const file = packMember({ name: "machine-id", mode: 0o444, mtime }, Buffer.from(`${machineId}\n`));
  await putArchive(engine, id, "/etc", Readable.from([...file, endOfTar]), { signal });
}

import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { putArchive } from "../engine/archive.ts";
import type { ContainerCreateResponse } from "../engine/container-types.ts";
import { createContainer, removeContainer } from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import type { SystemInfo } from "../engine/system.ts";
import { type BerthError, hasCode } from "../errors.ts";
import type { ResolvedImage } from "../image/store.ts";
import { machineCommand, type PlannedImage, renderContainer } from "../plan/container.ts";
import { initFromLabels, label } from "../plan/labels.ts";
import type { Step } from "../plan/up.ts";
import type { Fleet, MachineSpec } from "../spec/machine.ts";
import { applyByApi, byRuntime, type ChosenApplication, hasRuntime } from "./application.ts";
import { withCreation } from "./creation.ts";
import { requireInit } from "./guest-probe.ts";

export type CreateStep = Extract<Step, { do: "create" }>;

/** What the engine says of itself, asked once and only when somebody wants to know. */
export type ReadInfo = () => Promise<SystemInfo>;

export interface CreateOptions {
  readonly info: ReadInfo;
  readonly signal: AbortSignal;
  readonly onWarning: (text: string) => void;
}

export interface CreatedMachine {
  readonly id: string;
  /** Such as "systemd 252"; undefined where the image does not tell. */
  readonly init: string | undefined;
  /** Whether berth-runtime boots it, which then chooses the profile. */
  readonly byRuntime: boolean;
}

/** What became of a create where another container has the machine's name by now: the engine's word on it. */
export interface NameTaken {
  readonly taken: BerthError;
}

/**
 * Creates a machine's container, ready to be started. Throws `no-init`, `host-unfit`, and what the engine refuses;
 * then nothing is left of it.
 */
export async function createMachine(
  engine: Engine,
  fleet: Fleet,
  step: CreateStep,
  image: ResolvedImage,
  { info, signal, onWarning }: CreateOptions,
): Promise<CreatedMachine | NameTaken> {
  const { machine, address } = step;
  const planned = plannedImage(image);
  const post = ({ application }: ChosenApplication) => {
    const body = renderContainer(machine, fleet, planned, address, application);
    return createContainer(engine, withCreation(body), { name: machine.name, signal });
  };
  const applied = await createApplied(engine, machine, planned, info, post, signal);
  if ("taken" in applied) return applied;
  const { chosen, created } = applied;
  const { Id, Warnings } = created;
  for (const warning of [...chosen.warnings, ...(Warnings ?? [])]) onWarning(`${machine.name}: ${warning}`);
  if ("runtime" in chosen.application) await checkInit(engine, Id, machine, planned, signal);
  if (chosen.machineId !== undefined) await putMachineId(engine, Id, chosen.machineId, signal);
  return { id: Id, init: initFromLabels(image.labels), byRuntime: "runtime" in chosen.application };
}

/** Creates it by berth-runtime where the engine has that, else by the Engine API alone. */
async function createApplied(
  engine: Engine,
  machine: MachineSpec,
  image: PlannedImage,
  info: ReadInfo,
  post: (chosen: ChosenApplication) => Promise<ContainerCreateResponse>,
  signal: AbortSignal,
): Promise<{ readonly chosen: ChosenApplication; readonly created: ContainerCreateResponse } | NameTaken> {
  const attempt = async (chosen: ChosenApplication) => {
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
    if ((!hasCode(error, "engine-refused") && !hasCode(error, "engine-api")) || hasRuntime(await info())) throw error;
    return await attempt(await applyByApi(engine, await info(), machine, image, signal));
  }
}

/** berth-runtime hands on what is no init untouched, so it would run as a mere container. Of an image that berth made it is known. */
async function checkInit(engine: Engine, id: string, machine: MachineSpec, image: PlannedImage, signal: AbortSignal): Promise<void> {
  if (machine.command === undefined && image.labels[label.init] !== undefined) return;
  try {
    await requireInit(engine, id, machineCommand(machine, image), signal);
  } catch (error) {
    if (hasCode(error, "no-init")) await removeContainer(engine, id, { force: true, volumes: true });
    throw error;
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

async function putMachineId(engine: Engine, id: string, machineId: string, signal: AbortSignal): Promise<void> {
  const tar = pack();
  tar.entry({ name: "machine-id", mode: 0o444 }, `${machineId}\n`);
  tar.finalize();
  await putArchive(engine, id, "/etc", Readable.from(tar), { signal });
}

import type { SystemInfo } from "#api/system.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { listContainers } from "#engine/containers.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError, hasCode } from "#errors.ts";
import { trustedUsers } from "#host/files/path-steps.ts";
import { resolveImages } from "#image/build/resolve.ts";
import type { ResolvedImage } from "#image/store/store.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { ensureNetwork } from "#ops/engine/ensure-network.ts";
import { poll } from "#ops/task/poll.ts";
import { bindsOf } from "#plan/machine/binds.ts";
import { type MachineStep, type Observed, planUp, type Step } from "#plan/machine/up.ts";
import { writables } from "#plan/machine/writables.ts";
import { bindWarnings, fileWarnings } from "./bind-warnings.ts";
import { type CreateStep, createMachine, finishCreate, type ReadInfo } from "./create-machine.ts";
import { observe } from "./observe.ts";
import type { PreviewOptions, UpOptions } from "./up.ts";

export interface PreparedMachine {
  readonly step: MachineStep;
  readonly id: string;
  readonly address: string | undefined;
  readonly init: string | undefined;
  readonly error: BerthError | undefined;
  /** Whether another container has the name of the one that was to be made. */
  readonly isTaken?: boolean;
  /** Whether this call has made it, with berth-runtime. */
  readonly byRuntime?: boolean;
  readonly isWitness?: boolean;
}

export interface Prepared {
  readonly info: ReadInfo;
  readonly machines: readonly PreparedMachine[];
}

/** What a call of `up` knows and has made so far, however often it plans anew. */
interface Work {
  readonly info: ReadInfo;
  readonly images: Map<string, ResolvedImage>;
  /** By name. */
  readonly made: Map<string, PreparedMachine>;
}

/**
 * Milliseconds for a name that is taken to be seen, or to be free again: an engine may copy files into
 * volumes before it shows a container.
 */
const takenMs = 60_000;
/** Milliseconds for the few calls that finish what a killed berth has begun. */
const finishMs = 10_000;
/** Milliseconds until it is tried again, where nothing is seen of it. */
const unseenMs = 1000;

/**
 * Everything up to the starts, under a lock: two `up`s at once must not both create a machine or give away
 * one address. Where one who was killed has asked the engine for something that comes in between, all is
 * planned anew from a fresh look.
 */
export async function prepareMachines(engine: Engine, fleet: Fleet, options: UpOptions): Promise<Prepared> {
  const { signal } = options;
  let asked: Promise<SystemInfo> | undefined;
  const info: ReadInfo = () => {
    asked ??= readInfo(engine, { signal });
    return asked;
  };
  const work: Work = { info, images: new Map(), made: new Map() };
  for (const end = performance.now() + takenMs; ; ) {
    const machines = await prepareOnce(engine, fleet, work, options);
    if (machines === undefined) continue;
    const taken = machines.flatMap(({ step, isTaken }) => (isTaken ? [step.machine.name] : []));
    if (taken.length === 0 || performance.now() >= end) return { info, machines };
    await poll(unseenMs, () => findNamed(engine, taken, signal), signal);
  }
}

/**
 * The containers of these names, once an engine shows one: it keeps a name a while before that, when it makes
 * one.
 */
async function findNamed(engine: Engine, names: readonly string[], signal: AbortSignal) {
  const containers = await listContainers(engine, {
    all: true,
    filters: { name: names.map((name) => `^/${name}$`) },
    signal,
  });
  return containers.length === 0 ? undefined : containers;
}

/** Undefined where there is a network by now that the addresses are not of. */
async function prepareOnce(
  engine: Engine,
  fleet: Fleet,
  work: Work,
  options: UpOptions,
): Promise<readonly PreparedMachine[] | undefined> {
  const { signal } = options;
  const { info, images, made } = work;
  const observed = await observe(engine, fleet, signal);
  const steps = planUp(fleet, options.names, observed);
  await warnOfBinds(engine, steps, observed, options);
  const creates = steps.flatMap((step) =>
    step.do === "create" && made.get(step.machine.name)?.error === undefined ? [step] : [],
  );
  for (const { machine } of creates) {
    options.onState(machine.name, "preparing");
    for (const { name } of observed.renamed.filter((renamed) => renamed.machine === machine.name)) {
      options.onWarning(
        `${machine.name}: is made anew, since docker has renamed the one that was, to ${name}, which stays as it is`,
      );
    }
  }
  const resolved = await resolveImages(
    engine,
    creates.map((step) => step.machine.image).filter((reference) => !images.has(reference)),
    {
      ...options.images,
      signal,
      onProgress: (reference, text) => {
        for (const { machine } of creates)
          if (machine.image === reference) options.onState(machine.name, "preparing", text);
      },
    },
  );
  for (const [reference, image] of resolved) images.set(reference, image);
  for (const step of steps) {
    if (step.do === "create-network" && !(await ensureNetwork(engine, fleet.project, step.network, signal)))
      return undefined;
  }
  const inDomain = { ...fleet, network: { ...fleet.network, domain: observed.domain } };
  const there = new Map(observed.containers.map((container) => [container.id, container]));
  const prepareStep = async (step: MachineStep): Promise<PreparedMachine> => {
    const before = made.get(step.machine.name);
    if (
      before !== undefined &&
      (before.error !== undefined || (step.do !== "create" && step.id === before.id))
    )
      return before;
    if (step.do === "create") {
      const created = await create(engine, inDomain, step, images.get(step.machine.image), info, options);
      if (!created.isTaken) made.set(step.machine.name, created);
      return created;
    }
    const { state, address, init, claim, owner } = there.get(step.id) ?? {};
    if (claim === "heir" && owner !== undefined) {
      options.onWarning(
        `${step.machine.name}: ${owner.file} made it and is not there any more, so it is this file's now`,
      );
    }
    const error = state === "created" ? await finish(engine, step.id, init, signal) : undefined;
    return { step, id: step.id, address, init, error };
  };
  return await Promise.all(
    steps.flatMap((step) => (step.do === "create-network" ? [] : [prepareStep(step)])),
  );
}

/** Why a machine that was never started cannot be. Of one that is gone by now its start will tell. */
async function finish(
  engine: Engine,
  id: string,
  init: string | undefined,
  signal: AbortSignal,
): Promise<BerthError | undefined> {
  // One that is being started already the engine answers nothing of.
  try {
    await inTime(finishMs, signal, (bounded) => finishCreate(engine, id, init, bounded));
    return undefined;
  } catch (error) {
    if (!(error instanceof BerthError) || hasCode(error, "interrupted")) throw error;
    return hasCode(error, "not-found") ? undefined : error;
  }
}

async function create(
  engine: Engine,
  fleet: Fleet,
  step: CreateStep,
  image: ResolvedImage | undefined,
  info: ReadInfo,
  { signal, onState, onWarning }: UpOptions,
): Promise<PreparedMachine> {
  const { machine, address } = step;
  if (image === undefined) throw new BerthError("internal", `the image of ${machine.name} was not resolved`);
  onState(machine.name, "creating");
  const none = { step, id: "", address: undefined, init: undefined };
  try {
    const created = await createMachine(engine, fleet, step, image, { info, signal, onWarning });
    return "taken" in created
      ? { ...none, error: created.taken, isTaken: true }
      : { step, address, error: undefined, ...created };
  } catch (error) {
    if (!(error instanceof BerthError) || hasCode(error, "interrupted")) throw error;
    return { ...none, error };
  }
}

export async function warnOfBinds(
  engine: Engine,
  steps: readonly Step[],
  { containers }: Observed,
  options: PreviewOptions,
): Promise<void> {
  const look = { trusted: trustedUsers(options.images.env), signal: options.signal };
  const ofFile = await fileWarnings(engine, options.files, writables(steps, containers), look);
  const binds = steps.flatMap((step) => (step.do === "create-network" ? [] : bindsOf(step.machine)));
  for (const warning of new Set([...ofFile, ...(await bindWarnings(engine, binds, look))]))
    options.onWarning(warning);
}

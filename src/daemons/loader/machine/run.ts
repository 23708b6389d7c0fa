import { followConsole, type WriteConsole } from "#daemons/loader/guard/console.ts";
import { throughAbsence } from "#daemons/loader/guard/engine-away.ts";
import { type GuardLink, settleGuard, startGuard, waitGuardLost } from "#daemons/loader/guard/guard-link.ts";
import { setHealthy } from "#daemons/loader/guard/health.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { startContainer, waitContainer } from "#engine/containers.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError } from "#errors.ts";
import { parseLoaderLabels } from "#labels/loader/parse.ts";
import { waitBooted } from "#ops/machine/boot.ts";
import { shutDown } from "#ops/machine/shut-down.ts";
import type { GuardTask } from "#plan/loader/guard.ts";
import { ownCgroupParent } from "#plan/machine/api-contract.ts";
import { createMachine, isByRuntime, type LoaderTask, shortName } from "./create.ts";
import { orGone } from "./find-container.ts";
import { writeNames } from "./names.ts";
import { findSelf, readOwnAddresses } from "./self.ts";
import { tidyMachine } from "./tidy.ts";

export interface LoaderOptions {
  readonly engine: Engine;
  /** Where the machine's console goes. */
  readonly write: WriteConsole;
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  /** Aborted when the service's task is to end. */
  readonly signal: AbortSignal;
}

/**
 * A machine that runs without a name for how long it may take to stop, as systemd gives its own units
 * (DefaultTimeoutStopSec).
 */
const usualStopTimeout = 90;
/** Longer than any boot: it is the swarm that loses patience, by the image's health check. */
const bootLimitMs = 24 * 3600 * 1000;

const noNames = "the loader's root is read-only: the machine's /etc/hosts does not tell its name";

const never = new AbortController().signal;

/**
 * Runs the machine that the labels of this container ask for, beside it and in its network, and follows it to
 * its end. Resolves to the machine's exit status. However it ends, nothing of the machine is left; its guard
 * sees to that where this is killed.
 */
export async function runLoader(options: LoaderOptions): Promise<number> {
  const { engine, signal } = options;
  await setHealthy(false);
  const [self, info, addresses] = await Promise.all([
    findSelf(engine, signal),
    readInfo(engine, { signal }),
    readOwnAddresses(),
  ]);
  const spec = parseLoaderLabels(self.Config.Labels ?? {});
  for (const text of spec.notes) options.note(text);
  const task: LoaderTask = {
    self,
    spec,
    info,
    machine: `${self.Name.slice(1)}.app`,
    stopTimeout: spec.stopTimeout ?? usualStopTimeout,
  };
  if (spec.hostname !== undefined && !(await writeNames(spec.hostname))) options.warn(noNames);
  const guard = await startGuard(engine, self, guardTask(task, addresses), options);
  const facts = await guard.folder;
  let made = false;
  try {
    // What the engine has begun it finishes, so it is waited for even when the task is to end.
    const id = await createMachine(task, facts, { ...options, signal: never });
    made = true;
    for (const text of await guard.ready) options.warn(text);
    signal.throwIfAborted();
    await startContainer(engine, id);
    return await follow(id, task, guard, options);
  } finally {
    // It stays healthy until it ends: a swarm that lost patience here would kill it, and its status would not
    // be the machine's.
    await tidyMachine(
      engine,
      { loader: self.Id, machine: task.machine },
      { stopTimeout: 0, note: options.note },
    );
    // The machine's removal tells the guard that all is over; without one it is this process's end that does.
    if (made) await throughAbsence(() => settleGuard(engine, guard.id, never), never);
  }
}

function guardTask(
  { self, spec, info, machine, stopTimeout }: LoaderTask,
  targets: GuardTask["targets"],
): GuardTask {
  const needsParent = !isByRuntime(spec, info) && info.CgroupDriver !== "systemd";
  return {
    loader: self.Id,
    machine,
    guard: `${self.Name.slice(1)}.guard`,
    engine: info.ID,
    ...(spec.root !== undefined && { folder: spec.root }),
    command: spec.command,
    publish: spec.publish,
    targets,
    stopTimeout,
    ...(needsParent && { cgroupParent: ownCgroupParent(shortName(self)) }),
  };
}

/** Resolves to the machine's exit status. */
async function follow(
  id: string,
  task: LoaderTask,
  guard: GuardLink,
  { engine, write, note, warn, signal }: LoaderOptions,
): Promise<number> {
  const done = new AbortController();
  const shutdown = async () => {
    note(`${task.machine} is asked to shut down`);
    // Without limit: how long the service gives it, the engine knows, which then kills this process.
    await throughAbsence(
      () => orGone(shutDown(engine, id, { signal: done.signal, timeout: -1 })),
      done.signal,
    );
  };
  const guardLost = async () => {
    await throughAbsence(() => waitGuardLost(engine, guard.id, done.signal), done.signal);
    throw new BerthError("engine-lost", `the guard of ${task.machine} was removed or stopped`, {
      hint: "leave the containers named .guard alone: they end by themselves",
    });
  };
  const ended = throughAbsence(
    async () => (await waitContainer(engine, id, { signal: done.signal })).StatusCode,
    done.signal,
  );
  const console = followConsole(engine, id, write, done.signal);
  const booting = watchBoot(id, task, { engine, warn, signal: done.signal });
  const onStop = () => void shutdown().catch(ignoreAfter(done.signal));
  signal.addEventListener("abort", onStop, { once: true });
  if (signal.aborted) onStop();
  try {
    const status = await Promise.race([ended, guardLost()]);
    await console;
    return status;
  } finally {
    signal.removeEventListener("abort", onStop);
    done.abort();
    await Promise.allSettled([console, booting, ended]);
  }
}

/**
 * Says that the machine is up when its init does. A machine with failed units is up: it is not to be killed
 * for them.
 */
async function watchBoot(
  id: string,
  { machine }: LoaderTask,
  { engine, warn, signal }: Pick<LoaderOptions, "engine" | "warn" | "signal">,
): Promise<void> {
  try {
    const boot = await throughAbsence(
      () => waitBooted(engine, id, machine, { signal, timeout: bootLimitMs }),
      signal,
    );
    for (const { unit, description } of boot.failedUnits)
      warn(`${machine} is degraded: ${unit} has failed (${description})`);
    await setHealthy(true);
  } catch (error) {
    if (!signal.aborted && error instanceof BerthError) warn(error.message);
  }
}

function ignoreAfter(signal: AbortSignal) {
  return (error: unknown) => {
    if (!signal.aborted) throw error;
  };
}

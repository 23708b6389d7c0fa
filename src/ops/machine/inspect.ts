import type { Engine } from "#engine/connection/engine.ts";
import { inTime } from "#engine/connection/in-time.ts";
import { inspectContainer } from "#engine/containers.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { readInfo } from "#engine/system.ts";
import { hasCode } from "#errors.ts";
import { createLimit } from "#ops/task/limit.ts";
import { isBerthRuntime } from "#plan/machine/berth-runtime.ts";
import { detailsOf, type MachineDetails, type Within } from "#plan/machine/details.ts";
import type { Machine } from "#plan/machine/machine.ts";
import { waitBooted } from "./boot.ts";
import { readFailedUnits } from "./failed-units.ts";
import { readInit } from "./read-init.ts";
import { readRootId } from "./root-id.ts";

const concurrency = 8;

/** Reads all about these machines, from the engine and, where they run, from within. */
export async function inspectMachines(
  engine: Engine,
  machines: readonly Machine[],
  cache: string,
  signal: AbortSignal,
): Promise<readonly MachineDetails[]> {
  const info = await readInfo(engine, { signal });
  const limit = createLimit(concurrency);
  const one = async (machine: Machine): Promise<MachineDetails> => {
    const container = await inspectContainer(engine, machine.id, { signal });
    const { Running, Paused, Pid } = container.State;
    // Read this before running commands: while one is being started in a hung machine, engines do not answer
    // a top either.
    const readRoot = (bounded: AbortSignal) => readRootId(engine, container.Id, Pid, bounded);
    const rootId = Running ? await inTime(timeouts.question, signal, readRoot) : undefined;
    const within = Running && !Paused ? await readWithin(engine, machine, signal) : outside;
    const runtime = container.HostConfig.Runtime || info.DefaultRuntime;
    const { Image, Path, Args } = container;
    const key = { image: Image, command: [Path, ...Args] };
    const init = machine.init ?? (await readInit(engine, key, cache, signal));
    return {
      ...detailsOf({ ...machine, init }, container, rootId, {
        name: runtime,
        berth: isBerthRuntime(info, runtime),
      }),
      ...within,
    };
  };
  return await Promise.all(machines.map((machine) => limit(() => one(machine))));
}

const outside: Within = { initState: undefined, failedUnits: [], machineId: undefined };

/**
 * How long a machine that is busy may keep us, until it has booted and with each thing that it is asked;
 * milliseconds.
 */
const timeouts = { boot: 1500, question: 3000 };

/** What only the machine itself knows. One that does not answer in time leaves it unknown. */
async function readWithin(engine: Engine, { id, name }: Machine, signal: AbortSignal): Promise<Within> {
  let isLate = false;
  const ask = async <T>(question: (bounded: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(timeouts.question);
    try {
      return await question(AbortSignal.any([signal, limit]));
    } finally {
      isLate = limit.aborted;
    }
  };
  try {
    // Waits until init is in its place: a command run before would disturb it.
    const booted = await waitBooted(engine, id, name, { signal, timeout: timeouts.boot }).catch(notBooted);
    const initState = await ask((bounded) => readInitState(engine, id, bounded));
    const failedUnits =
      booted?.failedUnits ??
      (initState === undefined ? [] : await ask((bounded) => readFailedUnits(engine, id, bounded)));
    const { stdout } = await ask((bounded) =>
      execCapture(engine, id, { cmd: ["cat", "/etc/machine-id"], signal: bounded }),
    );
    return { initState, failedUnits, machineId: /^[0-9a-f]{32}$/.exec(stdout.trim())?.[0] };
  } catch (error) {
    if (signal.aborted || !(isLate || hasCode(error, "boot-failed") || hasCode(error, "conflict")))
      throw error;
    return outside;
  }
}

function notBooted(error: unknown): undefined {
  if (hasCode(error, "boot-timeout")) return undefined;
  throw error;
}

/** Undefined for an init that is not systemd. */
async function readInitState(engine: Engine, id: string, signal: AbortSignal): Promise<string | undefined> {
  const { stdout } = await execCapture(engine, id, { cmd: ["systemctl", "is-system-running"], signal });
  return /^[a-z]+$/.exec(stdout.trim())?.[0];
}

import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { accessWarnings, byName, refuseOthersFuse } from "#daemons/loader/machine/folder-access.ts";
import { findOrphans, holderState } from "#daemons/loader/machine/orphans.ts";
import { removeGuard, tidyMachine } from "#daemons/loader/machine/tidy.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { identityOf, readFolder } from "#host/files/folder.ts";
import { type Lease, takeLease } from "#host/files/lease.ts";
import { lockFolder } from "#host/process/lock-folder.ts";
import { type OpenPorts, openPorts } from "#host/publish/open.ts";
import { sweepPorts } from "#host/publish/sweep.ts";
import { removeParentBelow } from "#ops/engine/cgroup-parent.ts";
import { type GuardReport, type GuardTask, guardPaths } from "#plan/loader/guard.ts";
import { throughAbsence } from "./engine-away.ts";
import { watchLoader } from "./watch-loader.ts";

export interface GuardOptions {
  readonly engine: Engine;
  readonly task: GuardTask;
  readonly report: (report: GuardReport) => void;
  /** For whoever reads the guard's log. */
  readonly note: (text: string) => void;
}

/** What a guard holds as long as its machine may run. */
interface Held {
  readonly lease: Lease | undefined;
  readonly unlock: () => void;
  readonly ports: OpenPorts | undefined;
  /** Rejects when the ports were closed from outside. */
  readonly lost: Promise<never>;
}

/** Milliseconds between two looks at the folder. */
const lookMs = 5000;
/** Longer than any engine takes to create and start a container. */
const lateMs = 3000;

/**
 * Guards a machine from before its start until its loader is gone, and tidies up: takes the folder, opens the
 * ports, says what it sees of the folder; then, however the loader ended, stops what still runs, and removes
 * the machine, its ports, its lease and at last its own container. Signals do not end it: an engine that
 * shuts down sends them to the loader, too.
 */
export async function serveGuard({ engine, task, report, note }: GuardOptions): Promise<void> {
  const never = new AbortController().signal;
  const leaving = new AbortController();
  const watching = watchLoader(engine, task, never).finally(() => leaving.abort());
  // Beside all else, since the folder may be waited for that one of them has.
  const orphans = tidyOrphans(engine, note, never).catch((error: unknown) =>
    note(`what others have left could not be removed: ${error}`),
  );
  let held: Held | undefined;
  let stopTimeout = task.stopTimeout;
  try {
    held = await prepare({ engine, task, report, note }, leaving.signal);
    await Promise.race([watching, held.lost, watchFolder(task, held, leaving.signal)]);
  } catch (error) {
    if (!leaving.signal.aborted) {
      // Whatever it is: a guard that ended here would come again, and another with each loader, and nobody
      // would remove them.
      const { code, message, hint } =
        error instanceof BerthError ? error : new BerthError("internal", String(error), { cause: error });
      report({ refused: { code, message, ...(hint !== undefined && { hint }) } });
      note(code === "internal" && error instanceof Error ? (error.stack ?? message) : message);
      // A machine that runs without what it needs, as after this guard was killed, must not go on.
      stopTimeout = 0;
      await tidyMachine(engine, task, { stopTimeout, note });
    }
  }
  const end = await watching;
  await held?.ports?.close();
  // Those, too, that this guard had before it was killed.
  if (task.publish.length > 0) await sweepPorts();
  await tidyMachine(engine, task, { stopTimeout: end === "died" ? stopTimeout : 0, note });
  if (end === "died") await tidyLate(engine, task, note);
  await removeParentBelow(guardPaths.cgroups, task.cgroupParent);
  held?.unlock();
  held?.lease?.release();
  await orphans;
  await removeGuard(engine, task);
}

async function prepare({ engine, task, report, note }: GuardOptions, signal: AbortSignal): Promise<Held> {
  const waiting = (text: string) => report({ waiting: text });
  let lease: Lease | undefined;
  let unlock = () => {};
  let ports: OpenPorts | undefined;
  const swept = task.publish.length > 0 ? sweepPorts() : Promise.resolve();
  // Heard of below, unless something else fails first.
  swept.catch(() => undefined);
  try {
    if (task.folder === undefined) report({ folder: null });
    else {
      refuseOthersFuse(task.folder, places);
      lease = await takeLease({
        folder: byName(task.folder, places),
        shown: task.folder,
        holder: { machine: task.machine, loader: task.loader, engine: task.engine, node: hostname() },
        stateOf: (holder) => throughAbsence(() => holderState(engine, holder, signal), signal),
        onWaiting: ({ machine, node }) =>
          waiting(`${task.folder} is still ${machine}'s on ${node}, which is being stopped`),
        signal,
      });
      unlock = lockFolder(guardPaths.folder, task.folder);
      report({ folder: readFolder(guardPaths.folder, task.command) });
    }
    const lost = Promise.withResolvers<never>();
    // Heard of where the machine is watched, which is later.
    lost.promise.catch(() => undefined);
    if (task.publish.length > 0) {
      await swept;
      const { loader, publish, targets } = task;
      ports = await openPorts({ name: loader.slice(0, 12), publish, targets, onLost: lost.reject, note });
    }
    report({
      ready: {
        warnings: [
          ...(ports?.warnings ?? []),
          ...(task.folder === undefined ? [] : folderWarnings(task.folder)),
        ],
      },
    });
    return { lease, unlock, ports, lost: lost.promise };
  } catch (error) {
    await ports?.close();
    unlock();
    lease?.release();
    throw error;
  }
}

const places = { parent: guardPaths.parent, place: guardPaths.folder };

function folderWarnings(folder: string): readonly string[] {
  const [here, beside] = [guardPaths.folder, guardPaths.parent].map(
    (path) => identityOf(path)?.split(":", 1)[0],
  );
  return [
    // A lease beside a mount is on another file system than the folder, which nodes may share while they do
    // not share the lease.
    ...(here === beside
      ? []
      : [`${folder} is a mount of its own: its lease, beside it, keeps no other node from it`]),
    ...accessWarnings(folder, places),
  ];
}

/**
 * A loader that was killed may have asked for its machine a moment before; the engine makes it all the same.
 */
async function tidyLate(engine: Engine, task: GuardTask, note: GuardOptions["note"]): Promise<void> {
  const never = new AbortController().signal;
  await pause(lateMs, never);
  await tidyMachine(engine, task, { stopTimeout: 0, note });
}

/** What machines have left whose loader and guard are both gone, as after the loss of a whole node. */
async function tidyOrphans(engine: Engine, note: GuardOptions["note"], signal: AbortSignal): Promise<void> {
  for (const { kind, id, name, loader } of await throughAbsence(() => findOrphans(engine, signal), signal)) {
    note(`${name} has lost its loader: it is removed`);
    if (kind === "machine") await tidyMachine(engine, { loader, machine: id }, { stopTimeout: 0, note });
    else await removeGuard(engine, { loader, guard: id });
  }
}

/** Ends with an error when the folder is not the one any more that the machine runs from, or is another's. */
async function watchFolder(task: GuardTask, { lease }: Held, signal: AbortSignal): Promise<void> {
  const { folder } = task;
  if (folder === undefined || lease === undefined) return await untilAborted(signal);
  const path = byName(folder, places);
  const before = identityOf(path);
  for (;;) {
    await pause(lookMs, signal);
    if (signal.aborted) return;
    if (identityOf(path) !== before) {
      throw new BerthError(
        "file-missing",
        `${folder} is no longer the folder that ${task.machine} runs from`,
        {
          hint: "put it back, or point the service at where it is now",
        },
      );
    }
    if (!lease.isHeld())
      throw new BerthError("conflict", `the lease of ${folder} was taken away from ${task.machine}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}

/** Milliseconds, or until the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

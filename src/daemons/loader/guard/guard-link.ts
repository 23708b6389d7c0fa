import type { ContainerInspect } from "#api/container.ts";
import { createNamed } from "#daemons/loader/machine/create-named.ts";
import { findContainer, orGone } from "#daemons/loader/machine/find-container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { parseJsonLines } from "#engine/connection/json-lines.ts";
import { outputBytes } from "#engine/connection/output.ts";
import { createContainer, removeContainer, startContainer, waitContainer } from "#engine/containers.ts";
import { readLogs } from "#engine/logs.ts";
import { BerthError, type ErrorCode, hasCode } from "#errors.ts";
import { poll } from "#ops/task/poll.ts";
import type { FolderFacts } from "#plan/loader/folder.ts";
import { type GuardOrigin, type GuardReport, type GuardTask, renderGuard } from "#plan/loader/guard.ts";
import { throughAbsence } from "./engine-away.ts";

/** A loader's hold on its guard. What the guard refuses, both promises throw. */
export interface GuardLink {
  readonly id: string;
  /** What it sees of the folder, which from then on is the machine's; undefined where there is none. */
  readonly folder: Promise<FolderFacts | undefined>;
  /** Resolves to its warnings when the ports are open, too. */
  readonly ready: Promise<readonly string[]>;
}

/** Where the engine's socket is in a loader, unless DOCKER_HOST says otherwise. */
const usualSocket = "/var/run/docker.sock";

/**
 * Starts the guard of the loader whose container `self` is. Throws `engine-refused` where the folder cannot
 * be mounted.
 */
export async function startGuard(
  engine: Engine,
  self: ContainerInspect,
  task: GuardTask,
  { note, signal }: { readonly note: (text: string) => void; readonly signal: AbortSignal },
): Promise<GuardLink> {
  const origin = { image: self.Image, socket: socketOf(engine, self) };
  // Without the signal: a create call that is broken off may leave a guard that nobody knows of.
  const post = async (lock: boolean) =>
    (await createContainer(engine, renderGuard(task, { ...origin, lock }), { name: task.guard })).Id;
  const create = async () => {
    try {
      return await post(task.publish.length > 0);
    } catch (error) {
      if (!hasCode(error, "engine-refused")) throw error;
      // A host without old iptables has no lock of theirs, which is one of the reasons for a refusal.
      return await post(false).catch((again: unknown) => Promise.reject(explainMount(again, task)));
    }
  };
  const id = await createNamed(task.guard, create, signal);
  try {
    signal.throwIfAborted();
    await startContainer(engine, id, { signal });
  } catch (error) {
    // Even while the engine is away: of a guard that never ran nobody else knows.
    await throughAbsence(
      () => orGone(removeContainer(engine, id, { force: true, volumes: true })),
      new AbortController().signal,
    );
    throw error;
  }
  return { id, ...readReports(engine, id, note, signal) };
}

/** The engine's own sentence says which of the mounts it could not make. */
function explainMount(error: unknown, { folder }: GuardTask): unknown {
  if (folder === undefined || !hasCode(error, "engine-refused")) return error;
  return new BerthError("file-missing", `the engine cannot mount ${folder}: ${error.message}`, {
    hint: "constrain the service to the node that has the folder: --constraint node.hostname==NODE",
    cause: error,
  });
}

/** As the loader has it: a directory stays one, since a socket in it may be made anew. */
function socketOf(engine: Engine, self: ContainerInspect): GuardOrigin["socket"] {
  const path = engine.endpoint.kind === "unix" ? engine.endpoint.path : usualSocket;
  const names = [path, path.replace(/^\/run\//, "/var/run/"), path.replace(/^\/var\/run\//, "/run/")];
  const mount = self.Mounts.find(({ Destination }) =>
    names.some((name) => name === Destination || name.startsWith(`${Destination}/`)),
  );
  if (mount !== undefined) return { path, source: mount.Source, target: mount.Destination };
  throw new BerthError(
    "host-unfit",
    `the engine's socket ${path} is not mounted into the loader, so that its guard cannot have it`,
    {
      hint: "mount it: --mount type=bind,src=/var/run/docker.sock,dst=/var/run/docker.sock",
    },
  );
}

function readReports(
  engine: Engine,
  id: string,
  onWaiting: (text: string) => void,
  signal: AbortSignal,
): Pick<GuardLink, "folder" | "ready"> {
  const folder = Promise.withResolvers<FolderFacts | undefined>();
  const ready = Promise.withResolvers<readonly string[]>();
  const fail = (error: unknown) => {
    folder.reject(error);
    ready.reject(error);
  };
  // Each is heard of in its turn.
  for (const { promise } of [folder, ready]) promise.catch(() => undefined);
  const read = async () => {
    for await (const report of reports(engine, id, signal)) {
      if ("ready" in report) return ready.resolve(report.ready.warnings);
      if ("refused" in report) return fail(refusal(report.refused));
      if ("folder" in report) folder.resolve(report.folder ?? undefined);
      else onWaiting(report.waiting);
    }
    fail(
      new BerthError("internal", "the machine's guard ended before it was ready", {
        hint: `docker logs ${id.slice(0, 12)}`,
      }),
    );
  };
  read().catch(fail);
  return { folder: folder.promise, ready: ready.promise };
}

async function* reports(engine: Engine, id: string, signal: AbortSignal): AsyncGenerator<GuardReport> {
  yield* parseJsonLines<GuardReport>(
    outputBytes(await readLogs(engine, id, { follow: true, stderr: false, tty: false, signal })),
  );
}

function refusal({ code, message, hint }: Extract<GuardReport, { refused: unknown }>["refused"]): BerthError {
  return new BerthError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}

/** A guard that was killed is started again by its engine within this time. */
const restartLimitMs = 20_000;

/** Resolves when a guard runs no more and does not come back: somebody has removed or stopped it. */
export async function waitGuardLost(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await waitContainer(engine, id, { condition: "not-running", signal });
    } catch (error) {
      if (!hasCode(error, "not-found")) throw error;
    }
    const returned = async () => {
      const state = (await findContainer(engine, id, signal))?.State;
      return state === undefined || state.Running ? (state ?? "removed") : undefined;
    };
    const back = await poll(restartLimitMs, returned, signal);
    if (back === undefined || back === "removed") return;
  }
}

/** The guard needs moments, unless its engine is away. */
const guardLimitMs = 20_000;

/**
 * Gives a guard that has been told, by its machine's removal, the time to tidy up, so that nothing is left
 * when the task has ended. One that was stopped is removed.
 */
export async function settleGuard(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  const ended = async () => {
    const state = (await findContainer(engine, id, signal))?.State;
    return state === undefined || !(state.Running || state.Restarting) ? "ended" : undefined;
  };
  if ((await poll(guardLimitMs, ended, signal)) === undefined) return;
  await orGone(removeContainer(engine, id, { force: true, volumes: true, signal }));
}

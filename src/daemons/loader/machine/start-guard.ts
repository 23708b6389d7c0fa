import type { ContainerInspect } from "#api/container.ts";
import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import { ignoreRemoved } from "#daemons/loader/find-container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { createContainer, removeContainer, startContainer } from "#engine/containers.ts";
import { BerthError, hasCode } from "#errors.ts";
import { isAt } from "#linux/path.ts";
import { type GuardOrigin, type GuardTask, renderGuard } from "#plan/loader/guard.ts";
import { createNamed } from "./create-named.ts";

/** Where the engine's socket is in a loader, unless DOCKER_HOST says otherwise. */
const usualSocket = "/var/run/docker.sock";

/**
 * Starts the guard of the loader whose container `self` is, and returns its id. Throws `engine-refused` where
 * the folder cannot be mounted.
 */
export async function startGuard(
  engine: Engine,
  self: ContainerInspect,
  task: GuardTask,
  signal: AbortSignal,
): Promise<string> {
  const origin = { image: self.Image, socket: socketOf(engine, self) };
  // Without the signal: an interrupted create call may leave a guard whose id is unknown.
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
  await using unstarted = new AsyncDisposableStack();
  // Retry while the engine is away: no other process knows of a guard that never ran.
  unstarted.defer(() =>
    retryWhileAway(() => ignoreRemoved(removeContainer(engine, id, { force: true, volumes: true }))),
  );
  signal.throwIfAborted();
  await startContainer(engine, id, { signal });
  unstarted.move();
  return id;
}

/** The engine's own sentence says which of the mounts it could not make. */
function explainMount(error: unknown, { folder }: GuardTask): unknown {
  if (folder === undefined || !hasCode(error, "engine-refused")) return error;
  return new BerthError("file-missing", `the engine cannot mount ${folder}: ${error.message}`, {
    hint: "constrain the service to the node that has the folder: --constraint node.hostname==NODE",
    cause: error,
  });
}

/** The mount as the loader has it: keep a directory, since a socket in it may be created again. */
function socketOf(engine: Engine, self: ContainerInspect): GuardOrigin["socket"] {
  const path = engine.endpoint.kind === "unix" ? engine.endpoint.path : usualSocket;
  const names = [path, path.replace(/^\/run\//, "/var/run/"), path.replace(/^\/var\/run\//, "/run/")];
  const mount = self.Mounts.find(({ Destination }) => names.some((name) => isAt(Destination, name)));
  if (mount !== undefined) return { path, source: mount.Source, target: mount.Destination };
  throw new BerthError(
    "host-unfit",
    `the loader lacks a mount of the engine's socket ${path}, which its guard needs`,
    {
      hint: "mount it: --mount type=bind,src=/var/run/docker.sock,dst=/var/run/docker.sock",
    },
  );
}

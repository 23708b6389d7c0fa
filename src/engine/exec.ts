import { setTimeout as sleep } from "node:timers/promises";
import type { ExecConfig, ExecInspect } from "#api/exec.ts";
import type { Engine } from "./connection/engine.ts";
import { openSession, type Session } from "./connection/output.ts";
import { path, request, requestHijack, requestStatus } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/**
 * Prepares a process in a running container and returns its id. Throws `conflict` when the container does not
 * run.
 */
export async function createExec(
  engine: Engine,
  container: string,
  config: ExecConfig,
  options: Abortable = {},
): Promise<string> {
  const where = path`/containers/${container}/exec`;
  return (
    await request<{ Id: string }>(engine, {
      method: "POST",
      path: where,
      body: config,
      signal: options.signal,
    })
  ).Id;
}

/** Starts a prepared process and takes over the connection. `tty` must be what it was prepared with. */
export async function startExec(
  engine: Engine,
  id: string,
  options: Abortable & { readonly tty?: boolean } = {},
): Promise<Session> {
  const { signal, tty = false } = options;
  const body = { Detach: false, Tty: tty };
  return openSession(
    engine,
    await requestHijack(engine, { method: "POST", path: path`/exec/${id}/start`, body, signal }),
    tty,
    signal,
  );
}

/** Starts a prepared process and leaves it. */
export async function startExecDetached(engine: Engine, id: string, options: Abortable = {}): Promise<void> {
  const body = { Detach: true, Tty: false };
  await requestStatus(engine, {
    method: "POST",
    path: path`/exec/${id}/start`,
    body,
    signal: options.signal,
  });
}

export function inspectExec(engine: Engine, id: string, options: Abortable = {}): Promise<ExecInspect> {
  return request(engine, { path: path`/exec/${id}/json`, signal: options.signal });
}

/** Sets the terminal's size, in characters. */
export async function resizeExec(
  engine: Engine,
  id: string,
  size: Abortable & { readonly height: number; readonly width: number },
): Promise<void> {
  const query = { h: size.height, w: size.width };
  await requestStatus(engine, { method: "POST", path: path`/exec/${id}/resize`, query, signal: size.signal });
}

export interface CommandOptions extends Abortable {
  readonly cmd: readonly string[];
  readonly user?: string;
  readonly env?: readonly string[];
}

/** A command in a container that has been started without a standard input. */
export interface StartedCommand extends Session {
  readonly id: string;
  /** Its status, once it has ended. */
  readonly status: () => Promise<number>;
}

/**
 * Starts a command in a container. Aborting drops the connection; the engine has no call that ends the
 * command, so it may run on.
 */
export async function startCommandIn(
  engine: Engine,
  container: string,
  options: CommandOptions,
): Promise<StartedCommand> {
  const { cmd, user, env, signal } = options;
  const config: ExecConfig = {
    Cmd: cmd,
    AttachStdout: true,
    AttachStderr: true,
    ...(user !== undefined && { User: user }),
    ...(env !== undefined && { Env: env }),
  };
  const id = await createExec(engine, container, config, { signal });
  const session = await startExec(engine, id, { signal });
  return { ...session, id, status: () => waitExec(engine, id, signal) };
}

/**
 * Runs a command in a container to its end, discards its output, and returns its status; 126 and 127 also
 * mean that it cannot run.
 */
export async function execStatus(
  engine: Engine,
  container: string,
  options: CommandOptions,
): Promise<number> {
  const { output, status } = await startCommandIn(engine, container, options);
  // Read, so that it is not held up.
  for await (const _ of output);
  return await status();
}

/**
 * The status of a command, once it has ended. The engine has no call that waits for it. The output may end
 * first: the engine records the exit a moment later, and a command may close its output and continue. Poll
 * until it has ended.
 */
export async function waitExec(engine: Engine, id: string, signal: AbortSignal | undefined): Promise<number> {
  for (let pause = 5; ; pause = Math.min(pause * 2, 200)) {
    const { Running, ExitCode } = await inspectExec(engine, id, { signal });
    if (!Running && ExitCode !== null) return ExitCode;
    await sleep(pause);
  }
}

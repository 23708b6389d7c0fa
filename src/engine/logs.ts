import type { OutputChunk } from "#api/demux.ts";
import type { Engine } from "./connection/engine.ts";
import { openSession, readOutput, type Session } from "./connection/output.ts";
import { path, requestHijack, requestStream } from "./connection/request.ts";
import { type Abortable, inspectContainer } from "./containers.ts";

export interface LogsOptions extends Abortable {
  /** Both by default. */
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly follow?: boolean;
  /** The last lines; all by default. */
  readonly tail?: number;
  /** Unix time in seconds, with a fraction if wanted. */
  readonly since?: number;
  readonly until?: number;
  /** Puts an RFC 3339 time before each line. */
  readonly timestamps?: boolean;
  /** Whether the container has a terminal; looked up when not given. */
  readonly tty?: boolean;
}

/**
 * Opens a container's log; resolves when the engine has begun to answer. The output comes as `readOutput`
 * says.
 */
export async function readLogs(
  engine: Engine,
  id: string,
  options: LogsOptions = {},
): Promise<AsyncIterable<OutputChunk>> {
  const { signal, tty = await hasTty(engine, id, signal), stdout = true, stderr = true, ...query } = options;
  const reply = await requestStream(engine, {
    path: path`/containers/${id}/logs`,
    query: { stdout, stderr, ...query },
    signal,
  });
  return readOutput(engine, reply.body, tty, signal);
}

export interface AttachOptions extends Abortable {
  /** Output and no input by default. */
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** What was logged before too. */
  readonly logs?: boolean;
  readonly detachKeys?: string;
  /** Whether the container has a terminal; looked up when not given. */
  readonly tty?: boolean;
}

/** Attaches to PID 1; its output from now on comes, so attach before the start to miss nothing. */
export async function attachContainer(
  engine: Engine,
  id: string,
  options: AttachOptions = {},
): Promise<Session> {
  const {
    signal,
    tty = await hasTty(engine, id, signal),
    stdin = false,
    stdout = true,
    stderr = true,
    logs,
    detachKeys,
  } = options;
  const duplex = await requestHijack(engine, {
    method: "POST",
    path: path`/containers/${id}/attach`,
    query: { stream: true, stdin, stdout, stderr, logs, detachKeys },
    signal,
  });
  return openSession(engine, duplex, tty, signal);
}

async function hasTty(engine: Engine, id: string, signal: AbortSignal | undefined): Promise<boolean> {
  return (await inspectContainer(engine, id, { signal })).Config.Tty ?? false;
}

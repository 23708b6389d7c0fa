import type { Readable } from "node:stream";
import { type PathStat, parsePathStat } from "#api/path-stat.ts";
import { BerthError } from "#errors.ts";
import type { Engine } from "./connection/engine.ts";
import { path, requestStatus, requestStream, type StreamReply } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** What is at an absolute path; works on stopped containers too. Throws `not-found`. */
export async function statPath(
  engine: Engine,
  id: string,
  where: string,
  options: Abortable = {},
): Promise<PathStat> {
  const query = { path: where };
  const reply = await requestStream(engine, {
    method: "HEAD",
    path: path`/containers/${id}/archive`,
    query,
    signal: options.signal,
    expect: [404],
  });
  reply.body.resume();
  if (reply.status !== 404) return statOf(reply);
  // The answer to HEAD has no text to say which of the two it is.
  throw new BerthError("not-found", `missing ${where} in container ${id}, or unknown container`, {
    details: { status: 404, ...query },
  });
}

/** A tar of a file or folder; its first entry has the base name. Read `stream` to the end or destroy it. */
export async function getArchive(
  engine: Engine,
  id: string,
  where: string,
  options: Abortable = {},
): Promise<{ readonly stat: PathStat; readonly stream: Readable }> {
  const reply = await requestStream(engine, {
    path: path`/containers/${id}/archive`,
    query: { path: where },
    signal: options.signal,
  });
  return { stat: statOf(reply), stream: reply.body };
}

export interface PutArchiveOptions extends Abortable {
  /** Refuses to put a file where a folder is, and the other way round. */
  readonly noOverwriteDirNonDir?: boolean;
  /** Keeps the archive's owners instead of the container's user. */
  readonly copyUIDGID?: boolean;
}

/** Unpacks a tar (plain or compressed) into a folder that must exist. */
export async function putArchive(
  engine: Engine,
  id: string,
  where: string,
  tar: Readable,
  options: PutArchiveOptions = {},
): Promise<void> {
  const { signal, ...flags } = options;
  const query = { path: where, ...flags };
  await requestStatus(engine, {
    method: "PUT",
    path: path`/containers/${id}/archive`,
    query,
    body: tar,
    signal,
  });
}

function statOf(reply: StreamReply): PathStat {
  const header = reply.headers["x-docker-container-path-stat"];
  if (typeof header === "string") return parsePathStat(header);
  reply.body.destroy();
  throw new BerthError("engine-api", "the engine's answer lacks X-Docker-Container-Path-Stat");
}

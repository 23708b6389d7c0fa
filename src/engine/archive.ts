import type { Readable } from "node:stream";
import { BerthError } from "#errors.ts";
import type { Engine } from "./connection/engine.ts";
import { path, requestStatus, requestStream, type StreamReply } from "./connection/request.ts";
import type { Abortable } from "./containers.ts";

/** A file in a container: the header X-Docker-Container-Path-Stat, with Go's os.FileMode taken apart. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Permissions with set-uid, set-gid and sticky, as chmod(2) has them. */
  readonly mode: number;
  readonly type: "file" | "directory" | "symlink" | "other";
  /** RFC 3339. */
  readonly mtime: string;
  /** Where a symbolic link leads, inside the container; else empty. */
  readonly linkTarget: string;
}

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
  throw new BerthError("not-found", `there is no ${where} in container ${id}, or no such container`, {
    details: { status: 404, ...query },
  });
}

/** A tar of a file or folder; its first entry bears the base name. Read `stream` to the end or destroy it. */
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

/** Go's os.FileMode: type and special bits at the top, permissions in the lowest nine. */
const goMode = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  other: 2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21 + 2 ** 19,
};
const goSetuid = 2 ** 23;
const goSetgid = 2 ** 22;
const goSticky = 2 ** 20;

export function parsePathStat(header: string): PathStat {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(Buffer.from(header, "base64").toString()) as Record<string, unknown>;
  } catch (cause) {
    throw new BerthError("engine-api", "X-Docker-Container-Path-Stat is not JSON in base64", {
      cause,
      details: { header },
    });
  }
  const mode = Number(raw.mode);
  const has = (bits: number): boolean => (mode & bits) !== 0;
  return {
    name: String(raw.name),
    size: Number(raw.size),
    mode:
      (mode & 0o777) |
      (has(goSetuid) ? 0o4000 : 0) |
      (has(goSetgid) ? 0o2000 : 0) |
      (has(goSticky) ? 0o1000 : 0),
    type: has(goMode.directory)
      ? "directory"
      : has(goMode.symlink)
        ? "symlink"
        : has(goMode.other)
          ? "other"
          : "file",
    mtime: String(raw.mtime),
    linkTarget: String(raw.linkTarget ?? ""),
  };
}

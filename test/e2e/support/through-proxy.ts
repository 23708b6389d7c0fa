import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunResult } from "#host/process/run.ts";
import { runBerth } from "./berth.ts";
import { serveEngineProxy } from "./engine-proxy.ts";
import type { Node } from "./nodes.ts";

const everyCall = ["GET", "HEAD", "POST", "PUT", "DELETE"].map((method) => ({
  line: method,
  method,
  path: /^/,
}));

/**
 * Runs berth against a node's engine, with something done before that hears of a call (`METHOD path`): what
 * was asked for by a berth that was killed may come at any moment. To berth it is another engine, so that
 * another's lock does not keep it.
 */
export async function berthThrough(
  { socket }: Node,
  args: readonly string[],
  before: (call: string) => Promise<void>,
): Promise<RunResult> {
  const directory = await mkdtemp(join(tmpdir(), "berth-between-"));
  const path = join(directory, "docker.sock");
  const proxy = await serveEngineProxy(path, socket.slice("unix://".length), everyCall, before);
  try {
    return await runBerth(`unix://${path}`, args);
  } finally {
    await proxy.close();
    await rm(directory, { recursive: true });
  }
}

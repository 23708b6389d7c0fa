import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { ContainerInspect } from "#api/container.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { BerthError } from "#errors.ts";
import { startGuard } from "./start-guard.ts";

const self = {
  Image: "sha256:1",
  Mounts: [{ Source: "/run/docker.sock", Destination: "/run/docker.sock" }],
} as unknown as ContainerInspect;
const task = {
  loader: "1",
  machine: "box.app",
  guard: "box.guard",
  engine: "e",
  command: [],
  publish: [],
  targets: {},
  stopTimeout: 1,
};
const interrupted = new BerthError("interrupted", "SIGTERM");

/**
 * An engine that finishes what it was asked for, also when nobody waits for it any more; `during` happens
 * meanwhile.
 */
function engineOf(during: (call: string) => void) {
  const containers = new Set<string>();
  const engine: Engine = {
    endpoint: { kind: "unix", path: "/run/docker.sock", source: "test" },
    apiVersion: "1.41",
    request: async ({ method, path, signal }) => {
      const call = `${method} ${path.replace("/v1.41", "")}`;
      during(call);
      if (call === "POST /containers/create") containers.add("/containers/guard");
      if (method === "DELETE") containers.delete(path.replace("/v1.41", ""));
      if (signal?.aborted) throw interrupted;
      return {
        kind: "answer",
        status: 200,
        headers: {},
        body: Readable.from([Buffer.from('{"Id":"guard"}')]),
      };
    },
  };
  return { engine, containers };
}

test.each(["POST /containers/create", "POST /containers/guard/start"])(
  "a loader that is told to end during %s leaves no guard",
  async (when) => {
    const asked = new AbortController();
    const { engine, containers } = engineOf((call) => {
      if (call === when) asked.abort(interrupted);
    });
    await expect(startGuard(engine, self, task, asked.signal)).rejects.toMatchObject({
      code: "interrupted",
    });
    expect([...containers]).toEqual([]);
  },
);

import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import type { Engine } from "#engine/connection/engine.ts";
import { label } from "#labels/machine.ts";
import type { GuardReport, GuardTask } from "#plan/loader/guard.ts";
import { serveGuard } from "./guard.ts";

const task: GuardTask = {
  loader: "loader-id",
  machine: "box.app",
  guard: "box.guard",
  engine: "engine-id",
  command: ["/sbin/init"],
  publish: [],
  targets: {},
  stopTimeout: 10,
};
const destroyed = { Action: "destroy", Actor: { ID: "x", Attributes: { [label.loader]: task.loader } } };

/** An engine without containers, which tells that the loader has removed its machine. */
const engine: Engine = {
  endpoint: { kind: "unix", path: "/nowhere", source: "test" },
  apiVersion: "1.41",
  async request({ path }) {
    const found = { "/v1.41/events": destroyed, "/v1.41/containers/json": [] }[path];
    const body = Readable.from([Buffer.from(`${JSON.stringify(found ?? { message: "none" })}\n`)]);
    return { kind: "answer", status: found === undefined ? 404 : 200, headers: {}, body };
  },
};

test("an image's machine may be made at once, and started when all is ready", async () => {
  const reports: GuardReport[] = [];
  const note = () => undefined;
  await serveGuard({ engine, task, report: (report) => void reports.push(report), note });
  expect(reports).toEqual([{ folder: null }, { ready: { warnings: [] } }]);
});
